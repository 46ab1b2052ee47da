import { proxyActivities } from '@temporalio/workflow'
import { archiveOriginals } from '../../contracts/activity-options.ts'
import type { ColdStorageActivities } from '../../contracts/activities/cold-storage.ts'
import type { ColdStorageSlice, ColdStorageSliceInput } from '../../contracts/cold-storage.ts'

const archive = (summary: string) => proxyActivities<ColdStorageActivities>({ ...archiveOriginals, summary })
const slices = proxyActivities<ColdStorageActivities>(archiveOriginals)

/** The steps of coldStorage, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  limit: archive('Find out which photos are old').findColdStorageLimit,
  endRestores: archive('End the time of restored originals').endRestores,
  cool: (input: ColdStorageSliceInput, summary: string): Promise<ColdStorageSlice> =>
    slices.coolOriginals.executeWithOptions({ summary }, [input]),
}
