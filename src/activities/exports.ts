import { Context } from '@temporalio/activity'
import type { ExportActivities } from '../contracts/activities/exports.ts'
import type { ExportSteps } from '../services/exports/module.ts'
import { asActivities } from './failures.ts'

/** The time limit of a stretch of parts, beside the one that is under way. */
const STRETCH_MS = 10_000

/** The steps of accountExport. */
export function createExportActivities(steps: ExportSteps): ExportActivities {
  return asActivities<ExportActivities>({
    planExport: ({ exportId }) => steps.plan(exportId),
    askForOriginals: ({ exportId, after }) => steps.ask(exportId, after),
    async writeExport({ exportId }) {
      const { cancellationSignal } = Context.current()
      const endsAt = performance.now() + STRETCH_MS
      let outcome = await steps.writePart(exportId)
      while (outcome === 'more' && performance.now() < endsAt && !cancellationSignal.aborted)
        outcome = await steps.writePart(exportId)
      return { outcome, ...(await steps.progress(exportId)) }
    },
    finishExport: ({ exportId }) => steps.finish(exportId),
    emptyExport: ({ exportId }) => steps.empty(exportId),
  })
}
