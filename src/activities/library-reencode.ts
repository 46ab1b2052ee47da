import type { ReencodeActivities } from '../contracts/activities/library-reencode.ts'
import { addTallies, type ReencodeSliceResult } from '../contracts/library-reencode.ts'
import type { LibraryReencoder } from '../services/uploads/reencode-library.ts'
import { asActivities } from './failures.ts'
import { resumedSlice } from './resumed-slice.ts'

/** The time limit of a slice, beside the photo that is under way: uploads may wait for its slot. */
const SLICE_MS = 2_000

/** The steps of libraryReencode. */
export function createReencodeActivities({ reencoder }: { reencoder: LibraryReencoder }): ReencodeActivities {
  return asActivities<ReencodeActivities>({
    countPhotos: () => reencoder.count(),

    reencodeSlice: (input) =>
      resumedSlice<ReencodeSliceResult>(addTallies, (before, running) =>
        reencoder.slice({ ...input, after: before?.after ?? input.after }, { maxMs: SLICE_MS, ...running }),
      ),
  })
}
