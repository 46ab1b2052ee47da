import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
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
import { openTemporal } from '../infra/temporal/client.ts'
import { messageOf } from '../observability/error-text.ts'

export type ReindexWish = 'reindex' | 'status' | 'pause' | 'resume' | 'rollback' | 'discard'

const POLL_MS = 500
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 10_000
/** The exit code that a shell reports after SIGINT. */
const EXIT_INTERRUPTED = 130

/**
 * Starts a reindex and watches it, or operates the one that runs.
 * @throws Error for an operator: no Temporal, OpenSearch, worker or run, or nothing to go back to
 */
export async function controlReindex(wish: ReindexWish, { rate }: { rate?: number } = {}): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    const run = openRun(temporal)
    if (wish === 'discard') return await discard()
    if (wish === 'rollback' && !(await run.isRunning())) return await rollBack()
    if (wish === 'rollback') await run.signal(ABANDON_REINDEX)
    else if (wish === 'pause') await run.signal(PAUSE_REINDEX)
    else if (wish === 'resume') await run.signal(RESUME_REINDEX)
    else if (wish === 'reindex' && rate !== undefined && (await run.isRunning()))
      await run.signal(SET_REINDEX_RATE, rate)
    else if (wish === 'reindex') await startReindex(temporal, 'by an operator', rate)
    await watch(run, wish === 'pause')
  } finally {
    await temporal.connection.close()
  }
}

/** Starts a reindex unless one runs. @returns whether it did */
export async function startReindex(temporal: Client, reason: string, rate?: number): Promise<boolean> {
  const input: SearchReindexInput = { reason, version: INDEX_VERSION, documentsPerSecond: rate }
  try {
    await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      temporal.workflow.start(SEARCH_REINDEX, {
        workflowId: SEARCH_REINDEX_ID,
        taskQueue: TASK_QUEUES.orchestration,
        args: [input],
        staticSummary: 'Build the search index anew',
        typedSearchAttributes: [{ key: stageAttribute, value: 'create' }],
      }),
    )
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
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

function openRun(temporal: Client) {
  const handle = temporal.workflow.getHandle(SEARCH_REINDEX_ID)
  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, work)
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw new Error('no reindex is running', { cause: error })
      throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
    }
  }
  return {
    isRunning: () =>
      call(async () => {
        try {
          return (await handle.describe()).status.name === 'RUNNING'
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return false
          throw error
        }
      }),
    progress: () => call(() => handle.query<ReindexProgress>(REINDEX_PROGRESS)),
    signal: (name: string, ...args: number[]) => call(() => handle.signal(name, ...args)),
  }
}

/** Watches until the run ends or is paused as was asked; Ctrl-C only ends the watching. */
async function watch(run: ReturnType<typeof openRun>, untilPaused: boolean): Promise<void> {
  const interrupted = () => {
    print('no longer watched; the reindex goes on')
    process.exit(EXIT_INTERRUPTED)
  }
  process.once('SIGINT', interrupted)
  try {
    let told = ''
    for (;;) {
      const isRunning = await run.isRunning()
      const progress = await run.progress()
      const line = lineOf(progress)
      if (line !== told) print(line)
      told = line
      if (!isRunning || (untilPaused && progress.state === 'paused')) return print(detailsOf(progress))
      await sleep(POLL_MS)
    }
  } finally {
    process.off('SIGINT', interrupted)
  }
}

function lineOf({ state, photos, copied, verified, index }: ReindexProgress): string {
  const parts = [`${state}: ${copied.documents} of ${photos} documents copied`]
  if (copied.rejected > 0) parts.push(`${copied.rejected} rejected`)
  if (verified.compared > 0) parts.push(`${verified.compared} compared, ${foundIn(verified)} out of line`)
  if (state === 'done') parts.push(`searches go to ${index}`)
  return parts.join(', ')
}

function detailsOf({ state, copied, verified }: ReindexProgress): string {
  const lines = copied.rejections.map(({ photoId, reason }) => `  rejected: ${photoId} ${reason}`)
  lines.push(...verified.examples.map((photoId) => `  out of line: ${photoId}`))
  if (state === 'done')
    lines.push('the former index is kept for a day: rollback goes back to it, discard deletes it now')
  return lines.join('\n')
}

const print = (line: string): void => {
  if (line !== '') process.stdout.write(`${line}\n`)
}
