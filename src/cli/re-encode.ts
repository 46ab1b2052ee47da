import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import { loadConfig } from '../config/config.ts'
import {
  APPROVE_REENCODE,
  LIBRARY_REENCODE,
  LIBRARY_REENCODE_ID,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  SET_REENCODE_RATE,
  WHOLE_LIBRARY,
  type LibraryReencodeInput,
  type ReencodeProgress,
} from '../contracts/library-reencode.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { ANIMATION, DOWNLOAD, VARIANT_FORMATS, VARIANT_NAMES } from '../domain/variants.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { messageOf } from '../observability/error-text.ts'

export interface ReencodeOptions {
  size?: string[]
  format?: string[]
  force?: boolean
  /** In percent. */
  canary: number
  /** In hours. */
  approveAfter?: number
  rate?: number
  purge: boolean
  status?: boolean
  approve?: boolean
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

const POLL_MS = 500
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 10_000
/** Leaves a core of two for uploads: a photo takes a third of a second of one. */
const DEFAULT_RATE = 120
const HOUR_MS = 60 * 60 * 1000
/** The exit code that a shell reports after SIGINT. */
const EXIT_INTERRUPTED = 130

/**
 * Starts a re-encode of the library and watches it, or operates the one that runs.
 * @throws Error for an operator: unknown names, conflicting options, no Temporal, worker or run, or one that runs already
 */
export async function controlReencode(options: ReencodeOptions): Promise<void> {
  const wishes = (['status', 'approve', 'pause', 'resume', 'cancel'] as const).filter((wish) => options[wish])
  if (wishes.length > 1) throw new Error(`use only one of --${wishes.join(' and --')}`)
  checkNames('size', options.size, [...VARIANT_NAMES, ANIMATION, DOWNLOAD])
  checkNames('format', options.format, Object.keys(VARIANT_FORMATS))
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    const run = openRun(temporal)
    const wish = wishes[0] ?? ((await run.isRunning()) && options.rate !== undefined ? 'setRate' : 'start')
    if (wish === 'start') await run.start(inputOf(options))
    else if (wish === 'setRate') await run.signal(SET_REENCODE_RATE, options.rate!)
    else if (wish === 'approve') await run.signal(APPROVE_REENCODE)
    else if (wish === 'pause') await run.signal(PAUSE_REENCODE)
    else if (wish === 'resume') await run.signal(RESUME_REENCODE)
    else if (wish === 'cancel') await run.cancel()
    await watch(run, wish === 'pause')
  } finally {
    await temporal.connection.close()
  }
}

function checkNames(option: string, given: readonly string[] = [], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`there is no ${option} ${unknown}: use ${known.join(', ')}`)
}

function inputOf({
  size,
  format,
  force,
  purge,
  canary,
  approveAfter,
  rate,
}: ReencodeOptions): LibraryReencodeInput {
  return {
    selection: { sizes: size, formats: format, force, purge },
    canary: Math.round((canary / 100) * WHOLE_LIBRARY),
    approveAfterMs: approveAfter === undefined ? undefined : approveAfter * HOUR_MS,
    photosPerMinute: rate ?? DEFAULT_RATE,
  }
}

function openRun(temporal: Client) {
  const handle = temporal.workflow.getHandle(LIBRARY_REENCODE_ID)
  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, work)
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        throw new Error('a re-encode is under way: see --status', { cause: error })
      if (error instanceof WorkflowNotFoundError) throw new Error('no re-encode is running', { cause: error })
      throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
    }
  }
  const isRunning = () =>
    call(async () => {
      try {
        return (await handle.describe()).status.name === 'RUNNING'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw error
      }
    })
  return {
    isRunning,
    progress: () => call(() => handle.query<ReencodeProgress>(REENCODE_PROGRESS)),
    signal: (name: string, ...args: number[]) => call(() => handle.signal(name, ...args)),
    cancel: () => call(() => handle.cancel()),
    start: (input: LibraryReencodeInput) =>
      call(() =>
        temporal.workflow.start(LIBRARY_REENCODE, {
          workflowId: LIBRARY_REENCODE_ID,
          taskQueue: TASK_QUEUES.orchestration,
          args: [input],
          staticSummary: 'Make variants of the library anew',
          typedSearchAttributes: [{ key: stageAttribute, value: input.canary > 0 ? 'canary' : 'library' }],
        }),
      ),
  }
}
type Run = ReturnType<typeof openRun>

/** Watches until the run ends or waits for its operator; Ctrl-C only ends the watching. */
async function watch(run: Run, untilPaused: boolean): Promise<void> {
  const interrupted = () => {
    print('no longer watched; the re-encode goes on')
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
      const waits = progress.state === 'approval' || (untilPaused && progress.state === 'paused')
      if (!isRunning || waits) return print(tableOf(progress))
      await sleep(POLL_MS)
    }
  } finally {
    process.off('SIGINT', interrupted)
  }
}

function lineOf({ state, tally, photos, bytesSaved }: ReencodeProgress): string {
  const { seen, rendered, failed, postponed } = tally
  const more = [failed > 0 && `${failed} failed`, postponed > 0 && `${postponed} postponed`].filter(Boolean)
  return [
    `${state}: ${seen} of ${photos} photos seen, ${rendered} rendered`,
    ...more,
    `${bytesSaved} bytes saved`,
  ].join(', ')
}

function tableOf({ state, tally }: ReencodeProgress): string {
  const lines = Object.entries(tally.variants).map(
    ([name, { added, addedBytes, replaced, bytesBefore, bytesAfter }]) =>
      `  ${name.padEnd(16)} ${added} added (${addedBytes} bytes), ${replaced} replaced (${bytesBefore} → ${bytesAfter} bytes)`,
  )
  lines.push(...tally.failures.map(({ photoId, code }) => `  failed: ${photoId} ${code}`))
  if (tally.unpurged > 0) lines.push(`  ${tally.unpurged} paths were not purged: an edge was away`)
  if (state === 'approval') lines.push('the canary is done: look at it, then --approve or --cancel')
  return lines.join('\n')
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
