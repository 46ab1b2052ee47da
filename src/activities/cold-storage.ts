import type { ColdStorageActivities } from '../contracts/activities/cold-storage.ts'
import { addCooled, type ColdStorageSlice } from '../contracts/cold-storage.ts'
import type { ColdStorage } from '../services/cold-storage/module.ts'
import { asActivities } from './failures.ts'
import { resumedSlice } from './resumed-slice.ts'

/** The time limit of a slice, beside the original that is under way. */
const SLICE_MS = 10_000

/** The steps of coldStorage and originalRestore. */
export function createColdStorageActivities({ limit, storage }: ColdStorage): ColdStorageActivities {
  function opened() {
    if (!storage) throw new Error('S3_COLD_BUCKET is not set: what is in the cold storage cannot be read')
    return storage
  }
  return asActivities<ColdStorageActivities>({
    findColdStorageLimit: async () => (await limit())?.toISOString() ?? null,
    endRestores: () => opened().restorer.endRestores(),
    prepareRestore: ({ photoId }) => opened().restorer.prepare(photoId),
    finishRestore: (input) => opened().restorer.finish(input),

    coolOriginals: (input) =>
      resumedSlice<ColdStorageSlice>(addCooled, (before, running) =>
        opened().cool({ ...input, after: before?.after ?? input.after }, { maxMs: SLICE_MS, ...running }),
      ),
  })
}
