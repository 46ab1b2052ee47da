import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import {
  EXPORT_CHANGED,
  EXPORT_PROGRESS,
  type AccountExportInput,
  type ExportProgress,
} from '../../contracts/account-export.ts'
import type { AskedOriginals } from '../../contracts/activities/exports.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { steps } from './steps.ts'

const exportChanged = defineSignal(EXPORT_CHANGED)
const exportProgress = defineQuery<ExportProgress>(EXPORT_PROGRESS)

/** Between two questions to a cold storage that is late. */
const ASK_AGAIN_MS = 15 * 60 * 1000

/** The life of an export (contracts/account-export.ts). What the row says is read again after every step, timer and signal. */
export async function accountExport(
  input: AccountExportInput,
  before?: ExportProgress,
): Promise<ExportProgress> {
  const { exportId } = input
  const progress: ExportProgress = before ?? { state: 'preparing', parts: 0, photos: 0 }
  let isNews = false
  let isAsked = false
  setHandler(exportChanged, () => void (isNews = true), {
    description: 'The export was asked for or deleted',
  })
  setHandler(exportProgress, () => progress, { description: 'How far the export has come' })

  for (;;) {
    // Also while a cold storage is late, for whatever it is asked again. The next run reads what this one may not have heard.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof accountExport>(input, progress)
    isNews = false
    const plan = await steps.plan({ exportId })
    if (plan.state === 'gone') {
      await steps.empty({ exportId })
      reach('gone')
      return progress
    }
    if (plan.state === 'ready') {
      reach('ready')
      await condition(() => isNews, plan.msLeft, { summary: 'Until the archive is deleted' })
      continue
    }
    if (plan.isWritten) {
      await steps.finish({ exportId })
      continue
    }
    if (!isAsked) {
      const { waiting, expectedAt } = await askForAll()
      if (waiting > 0) {
        reach('waiting for originals')
        const leftMs = Date.parse(expectedAt!) - Date.now()
        await condition(() => isNews, leftMs > 0 ? leftMs : ASK_AGAIN_MS, {
          summary: 'Until the cold storage is expected to be ready',
        })
        continue
      }
      isAsked = true
    }
    reach('writing')
    const { outcome, parts, photos } = await steps.write({ exportId })
    Object.assign(progress, { parts, photos })
    // Some may have gone cold since, or have been restored for too short a time.
    if (outcome === 'cold') isAsked = false
    reach('writing')
  }

  /** Every stretch of the photos, so that all are restored at the same time. */
  async function askForAll(): Promise<{ waiting: number; expectedAt: string | null }> {
    const all: { waiting: number; expectedAt: string | null } = { waiting: 0, expectedAt: null }
    let after: AskedOriginals['after'] = null
    do {
      const asked: AskedOriginals = await steps.ask({ exportId, after })
      after = asked.after
      all.waiting += asked.waiting
      all.expectedAt ??= asked.expectedAt
    } while (after !== null)
    return all
  }

  function reach(state: ExportProgress['state']): void {
    if (progress.state !== state) upsertSearchAttributes([{ key: stageAttribute, value: state }])
    progress.state = state
    setCurrentDetails(`${state}; ${progress.parts} parts with ${progress.photos} photos`)
  }
}
