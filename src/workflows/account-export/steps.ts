import { proxyActivities } from '@temporalio/workflow'
import { durableStep, writeExports } from '../../contracts/activity-options.ts'
import type { ExportActivities } from '../../contracts/activities/exports.ts'

const durable = (summary: string) => proxyActivities<ExportActivities>({ ...durableStep, summary })
const exporting = (summary: string) => proxyActivities<ExportActivities>({ ...writeExports, summary })

/** The steps of accountExport, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  plan: durable('Read what the export asks for').planExport,
  ask: exporting('Ask the cold storage for originals').askForOriginals,
  write: exporting('Write parts of the archive').writeExport,
  finish: exporting('Make the archive of its parts and tell its owner').finishExport,
  empty: exporting('Delete what is stored of the export').emptyExport,
}
