import { Context } from '@temporalio/activity'
import type { ReindexActivities } from '../contracts/activities/search-reindex.ts'
import { addCopied, type CopySlice } from '../contracts/search-reindex.ts'
import type { Reindexer } from '../services/search/reindex.ts'
import { asActivities } from './failures.ts'
import { resumedSlice } from './resumed-slice.ts'

/** The time limit of a slice, beside the page that is under way. */
const SLICE_MS = 5_000

/** The steps of searchReindex. */
export function createReindexActivities({ reindexer }: { reindexer: Reindexer }): ReindexActivities {
  return asActivities<ReindexActivities>({
    beginBuild: ({ build, version }) => reindexer.begin(build, version),

    copyDocuments: (input) =>
      resumedSlice<CopySlice>(addCopied, (before, running) =>
        reindexer.copy({ ...input, after: before?.after ?? input.after }, { maxMs: SLICE_MS, ...running }),
      ),

    compareBuild: (input) => reindexer.compare(input, SLICE_MS, Context.current().cancellationSignal),
    swapIndexes: ({ index }) => reindexer.swap(index),
    abandonBuild: () => reindexer.abandon(),
  })
}
