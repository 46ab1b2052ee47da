import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import { loadConfig } from '../../config/config.ts'
import { WHOLE_LIBRARY } from '../../contracts/library-reencode.ts'
import {
  APPROVE_SCREENING,
  LIBRARY_SCREENING,
  LIBRARY_SCREENING_ID,
  PAUSE_SCREENING,
  RESUME_SCREENING,
  SCREENING_PROGRESS,
  SET_SCREENING_RATE,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
  type ScreeningTally,
} from '../../contracts/library-screening.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { openTemporal } from '../../infra/temporal/client.ts'
import { messageOf } from '../../observability/error-text.ts'

export interface RescreenOptions {
  all?: boolean
  /** In percent. */
  canary: number
  rate?: number
  status?: boolean
  approve?: boolean
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

const POLL_MS = 500
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 10_000
/** A fifth of what a core classifies. */
const DEFAULT_RATE = 300

/**
 * Starts a screening of the library and watches it, or operates the one that runs.
 * @throws Error for an operator: conflicting options, no Temporal or run, or one that runs already
 */
export async function controlScreening(options: RescreenOptions): Promise<void> {
  const wishes = (['status', 'approve', 'pause', 'resume', 'cancel'] as const).filter((wish) => options[wish])
  if (wishes.length > 1) throw new Error(`use only one of --${wishes.join(' and --')}`)
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    const run = openRun(temporal)
    const wish = wishes[0] ?? ((await run.isRunning()) && options.rate !== undefined ? 'setRate' : 'start')
    if (wish === 'start') await run.start(inputOf(options))
    else if (wish === 'setRate') await run.signal(SET_SCREENING_RATE, options.rate!)
    else if (wish === 'approve') await run.signal(APPROVE_SCREENING)
    else if (wish === 'pause') await run.signal(PAUSE_SCREENING)
    else if (wish === 'resume') await run.signal(RESUME_SCREENING)
    else if (wish === 'cancel') await run.cancel()
    await watch(run, wish === 'pause')
  } finally {
    await temporal.connection.close()
  }
}

const inputOf = ({ all = false, canary, rate }: RescreenOptions): LibraryScreeningInput => ({
  all,
  canary: Math.round((canary / 100) * WHOLE_LIBRARY),
  photosPerMinute: rate ?? DEFAULT_RATE,
})

function openRun(temporal: Client) {
  const handle = temporal.workflow.getHandle(LIBRARY_SCREENING_ID)
  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, work)
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        throw new Error('the library is being screened: see --status', { cause: error })
      if (error instanceof WorkflowNotFoundError)
        throw new Error('the library is not being screened', { cause: error })
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
    progress: () => call(() => handle.query<LibraryScreeningProgress>(SCREENING_PROGRESS)),
    signal: (name: string, ...args: number[]) => call(() => handle.signal(name, ...args)),
    cancel: () => call(() => handle.cancel()),
    start: (input: LibraryScreeningInput) =>
      call(() =>
        temporal.workflow.start(LIBRARY_SCREENING, {
          workflowId: LIBRARY_SCREENING_ID,
          taskQueue: TASK_QUEUES.orchestration,
          args: [input],
          staticSummary: 'Screen the library anew',
          typedSearchAttributes: [{ key: stageAttribute, value: input.canary > 0 ? 'canary' : 'library' }],
        }),
      ),
  }
}

/** Watches until the run ends or waits for its operator; Ctrl-C only ends the watching. */
async function watch(run: ReturnType<typeof openRun>, untilPaused: boolean): Promise<void> {
  let told = ''
  for (;;) {
    const isRunning = await run.isRunning()
    const progress = await run.progress()
    const line = `${progress.state}: ${summaryOf(progress.tally)} of ${progress.photos}`
    if (line !== told) print(line)
    told = line
    const waits = progress.state === 'approval' || (untilPaused && progress.state === 'paused')
    if (!isRunning || waits) return printReport(progress)
    await sleep(POLL_MS)
  }
}

const summaryOf = ({ seen, screened, failed }: ScreeningTally): string =>
  `${screened} screened, ${failed} failed, ${seen} seen`

function printReport({ state, canary, tally }: LibraryScreeningProgress): void {
  const { changes, failures, ...counts } = state === 'approval' ? canary! : tally
  if (state === 'approval') print(`the trial: ${summaryOf({ ...counts, changes, failures })}`)
  for (const [change, count] of Object.entries(changes).sort()) print(`  ${change.padEnd(24)} ${count}`)
  for (const { photoId, code } of failures) print(`  failed: ${photoId} ${code}`)
  if (state === 'approval') print('no measure was taken: look at it, then --approve or --cancel')
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
