import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { ParentClosePolicy, patched, setCurrentDetails, startChild, workflowInfo } from '@temporalio/workflow'
import type { IndexInspection, SearchDriftResult } from '../../contracts/search-drift.ts'
import {
  foundIn,
  NOTHING_FOUND,
  SEARCH_REINDEX,
  SEARCH_REINDEX_ID,
  type SearchReindexInput,
} from '../../contracts/search-reindex.ts'
import { steps } from './steps.ts'

/** Since v0.3 documents follow the likes of their photos here (docs/adr/0056). */
const POPULARITY = 'popularity-follows-likes'

/** Looks after the search index, from where the last run ended (contracts/search-drift.ts). */
export async function searchDrift(): Promise<SearchDriftResult> {
  const inspection = await steps.inspect()
  const after = (workflowInfo().lastResult as SearchDriftResult | undefined)?.after ?? null
  if (inspection.state !== 'ready') {
    const startedReindex = await startReindex(inspection)
    return shown(inspection, { state: inspection.state, startedReindex, after, found: NOTHING_FOUND })
  }
  const popularity = patched(POPULARITY) ? await steps.refreshPopularity() : undefined
  const slice = await steps.compare({ after })
  return shown(inspection, {
    state: 'ready',
    startedReindex: false,
    after: slice.after,
    found: slice.tally,
    ...(popularity !== undefined && { popularity }),
  })
}

/** It outlives this workflow. @returns false if one is under way */
async function startReindex({ state, version }: IndexInspection): Promise<boolean> {
  const input: SearchReindexInput = { reason: `the index was found ${state}`, version }
  try {
    await startChild(SEARCH_REINDEX, {
      workflowId: SEARCH_REINDEX_ID,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [input],
      staticSummary: 'Build the search index anew',
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

function shown({ photos, documents }: IndexInspection, result: SearchDriftResult): SearchDriftResult {
  const { state, startedReindex, found, popularity = 0 } = result
  setCurrentDetails(
    [
      `**${state}**: ${documents} documents of ${photos} published photos${startedReindex ? '; a reindex was started' : ''}`,
      '',
      `- ${found.compared} compared, ${foundIn(found)} out of line, ${found.repaired} of them repaired`,
      `- ${popularity} brought up to date with their likes`,
      ...found.examples.map((photoId) => `- out of line: ${photoId}`),
    ].join('\n'),
  )
  return result
}
