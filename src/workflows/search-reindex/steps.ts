import { proxyActivities } from '@temporalio/workflow'
import type { ReindexActivities } from '../../contracts/activities/search-reindex.ts'
import { rebuildIndex } from '../../contracts/activity-options.ts'
import type { ComparisonSlice, CopyInput, CopySlice, StretchInput } from '../../contracts/search-reindex.ts'

const rebuild = (summary: string) => proxyActivities<ReindexActivities>({ ...rebuildIndex, summary })
const slices = proxyActivities<ReindexActivities>(rebuildIndex)

/** The steps of searchReindex, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  begin: rebuild('Create the new index, which gets every write from now on').beginBuild,
  copy: (input: CopyInput, summary: string): Promise<CopySlice> =>
    slices.copyDocuments.executeWithOptions({ summary }, [input]),
  compare: (input: StretchInput, summary: string): Promise<ComparisonSlice> =>
    slices.compareBuild.executeWithOptions({ summary }, [input]),
  swap: rebuild('Have searches go to the new index').swapIndexes,
  abandon: rebuild('Give the new index up').abandonBuild,
}
