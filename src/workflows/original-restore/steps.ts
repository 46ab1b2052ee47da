import { proxyActivities } from '@temporalio/workflow'
import { archiveOriginals } from '../../contracts/activity-options.ts'
import type { ColdStorageActivities } from '../../contracts/activities/cold-storage.ts'

const archive = (summary: string) => proxyActivities<ColdStorageActivities>({ ...archiveOriginals, summary })

/** The steps of originalRestore, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  prepare: archive('Ask the cold storage for the original').prepareRestore,
  finish: archive('Copy it back and tell its owner').finishRestore,
}
