import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client'
import { loadConfig } from '../config/config.ts'
import {
  ABANDON_REINDEX,
  foundIn,
  PAUSE_REINDEX,
  REINDEX_PROGRESS,
  RESUME_REINDEX,
  SEARCH_REINDEX,
  SEARCH_REINDEX_ID,
  SET_REINDEX_RATE,
  type ReindexProgress,
  type SearchReindexInput,
} from '../contracts/search-reindex.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { createIndexBuilds } from '../infra/opensearch/builds.ts'
import { openSearchClient } from '../infra/opensearch/client.ts'
import { INDEX_VERSION } from '../infra/opensearch/mapping.ts'
import { messageOf } from '../observability/error-text.ts'
import { NOTHING_TO_WATCH, operateRun, type WatchedRun } from './watched-run.ts'

export type ReindexWish = 'reindex' | 'status' | 'pause' | 'resume' | 'rollback' | 'discard'

/** The deadline of the start. */
const CALL_TIMEOUT_MS = 10_000

const reindex: WatchedRun<ReindexProgress> = {
  workflowId: SEARCH_REINDEX_ID,
  name: 'the reindex',
  absent: 'no reindex is running',
  underWay: 'a reindex is under way: see status',
  progress: REINDEX_PROGRESS,
  pause: PAUSE_REINDEX,
  resume: RESUME_REINDEX,
  lineOf,
  shareOf: ({ photos, copied }) => ({ done: copied.documents, total: photos }),
  summaryOf: detailsOf,
}

/**
 * Starts a reindex and watches it, or operates the one that runs.
 * @throws Error for an operator: no Temporal, OpenSearch, worker or run, or nothing to go back to
 */
export async function controlReindex(wish: ReindexWish, { rate }: { rate?: number } = {}): Promise<void> {
  if (wish === 'discard') return discard()
  await operateRun(reindex, wish === 'reindex' ? 'start' : wish, {
    start: async (run) => {
      const isNew = await run.call((temporal) => startUnlessRunning(temporal, 'by an operator', rate))
      if (!isNew && rate !== undefined) await run.signal(SET_REINDEX_RATE, rate)
    },
    rollback: async (run) => {
      if (await run.isRunning()) return run.signal(ABANDON_REINDEX)
      await rollBack()
      return NOTHING_TO_WATCH
    },
  })
}

/** Starts a reindex unless one runs. @returns whether it did @throws Error for an operator, if Temporal does not take it */
export async function startReindex(temporal: Client, reason: string): Promise<boolean> {
  try {
    return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      startUnlessRunning(temporal, reason),
    )
  } catch (error) {
    throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
  }
}

async function startUnlessRunning(temporal: Client, reason: string, rate?: number): Promise<boolean> {
  const input: SearchReindexInput = { reason, version: INDEX_VERSION, documentsPerSecond: rate }
  try {
    await temporal.workflow.start(SEARCH_REINDEX, {
      workflowId: SEARCH_REINDEX_ID,
      taskQueue: TASK_QUEUES.orchestration,
      args: [input],
      staticSummary: 'Build the search index anew',
      typedSearchAttributes: [{ key: stageAttribute, value: 'create' }],
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}

async function withBuilds<T>(work: (builds: ReturnType<typeof createIndexBuilds>) => Promise<T>): Promise<T> {
  const config = loadConfig(process.env, 'command')
  const client = openSearchClient(config.OPENSEARCH_URL)
  try {
    return await work(createIndexBuilds(client, config.OPENSEARCH_INDEX_PREFIX))
  } finally {
    await client.close()
  }
}

async function rollBack(): Promise<void> {
  const { from, to } = await withBuilds((builds) => builds.rollBack())
  print(`searches go to ${to} again; ${from} is deleted`)
}

async function discard(): Promise<void> {
  const kept = await withBuilds((builds) => builds.discard())
  print(kept === undefined ? 'no former index is kept' : `${kept} is deleted`)
}

function lineOf({ state, photos, copied, verified, index }: ReindexProgress): string {
  const parts = [`${state}: ${copied.documents} of ${photos} documents copied`]
  if (copied.rejected > 0) parts.push(`${copied.rejected} rejected`)
  if (verified.compared > 0) parts.push(`${verified.compared} compared, ${foundIn(verified)} out of line`)
  if (state === 'done') parts.push(`searches go to ${index}`)
  return parts.join(', ')
}

function detailsOf({ state, copied, verified }: ReindexProgress): string[] {
  const lines = copied.rejections.map(({ photoId, reason }) => `  rejected: ${photoId} ${reason}`)
  lines.push(...verified.examples.map((photoId) => `  out of line: ${photoId}`))
  if (state === 'done')
    lines.push('the former index is kept for a day: rollback goes back to it, discard deletes it now')
  return lines
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
