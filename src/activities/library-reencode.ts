import { Context } from '@temporalio/activity'
import type { ReencodeActivities } from '../contracts/activities/library-reencode.ts'
import { addTallies, NOTHING_REENCODED, type ReencodeSliceResult } from '../contracts/library-reencode.ts'
import type { LibraryReencoder } from '../services/uploads/reencode-library.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The time limit of a slice, beside the photo that is under way: uploads may wait for its slot. */
const SLICE_MS = 2_000

/** The steps of libraryReencode. */
export function createReencodeActivities({ reencoder }: { reencoder: LibraryReencoder }): ReencodeActivities {
  return asActivities<ReencodeActivities>({
    countPhotos: () => reencoder.count(),

    reencodeSlice: async (input) => {
      const context = Context.current()
      // A retry continues after the last photo of the previous attempt.
      const before = context.info.heartbeatDetails as ReencodeSliceResult | undefined
      const since = (slice: ReencodeSliceResult): ReencodeSliceResult => ({
        ...slice,
        tally: addTallies(before?.tally ?? NOTHING_REENCODED, slice.tally),
      })
      let reached = before
      return whileHeartbeating(
        async (signal) =>
          since(
            await reencoder.slice(
              { ...input, after: before?.after ?? input.after },
              {
                maxMs: SLICE_MS,
                signal,
                onReached: (slice) => {
                  reached = since(slice)
                  context.heartbeat(reached)
                },
              },
            ),
          ),
        () => reached,
      )
    },
  })
}
