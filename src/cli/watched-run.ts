import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import { loadConfig } from '../config/config.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { messageOf } from '../observability/error-text.ts'
import { EXIT, onInterrupt } from './exit.ts'
import { openProgressDisplay } from './progress-display.ts'

/** A long workflow with a fixed id that an operator starts, watches and steers with a command. */
export interface WatchedRun<Progress extends { state: string }> {
  workflowId: string
  /** As in "no longer watched; the re-encode goes on". */
  name: string
  /** What an operator is told if there is none, or if it runs already. */
  absent: string
  underWay: string
  /** The query that tells how far it has come, and the signals that hold it and let it go on. */
  progress: string
  pause: string
  resume: string
  lineOf: (progress: Progress) => string
  /** What the bar on a terminal shows; without it, lines are printed there too. */
  shareOf?: (progress: Progress) => { done: number; total: number }
  /** Printed when the watching ends. */
  summaryOf: (progress: Progress) => string[]
  /** Whether it goes no further without its operator, other than paused. */
  awaitsOperator?: (progress: Progress) => boolean
}

/** `status` only watches. */
type Wish = 'start' | 'status' | 'pause' | 'resume' | 'cancel'
/** What a step may resolve with if nothing is left to watch. */
export const NOTHING_TO_WATCH = 'nothing to watch'
type Step<Progress> = (run: OpenedRun<Progress>) => Promise<void | typeof NOTHING_TO_WATCH>

const POLL_MS = 500
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 10_000
/** A run that a schedule was asked for begins within this time. */
const START_MS = 10_000

/**
 * Does what the operator wants of a run, and then watches it until it ends, or is paused if that was the wish. Ctrl-C ends
 * the watching, not the run.
 * @param wish one of those here, or the name of one of `steps`
 * @param steps how it is started, and what else can be done with it
 * @throws Error for an operator: no Temporal, worker or run, or one that runs already
 */
export async function operateRun<Progress extends { state: string }, Own extends string = never>(
  watched: WatchedRun<Progress>,
  wish: NoInfer<Wish | Own>,
  steps: Record<'start' | Own, Step<Progress>>,
): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  const all: Record<string, Step<Progress>> = {
    status: async () => {},
    pause: (run) => run.signal(watched.pause),
    resume: (run) => run.signal(watched.resume),
    cancel: (run) => run.cancel(),
    ...steps,
  }
  try {
    const run = openRun(temporal, watched)
    const outcome = await all[wish]!(run)
    if (outcome !== NOTHING_TO_WATCH) await watch(run, watched, wish === 'pause')
  } finally {
    await temporal.connection.close()
  }
}

/** The calls of an operator, each with a deadline, and with errors that say what to do. */
function openRun<Progress extends { state: string }>(temporal: Client, watched: WatchedRun<Progress>) {
  const handle = temporal.workflow.getHandle(watched.workflowId)

  async function call<T>(work: (temporal: Client) => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => work(temporal))
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        throw new Error(watched.underWay, { cause: error })
      if (error instanceof WorkflowNotFoundError) throw new Error(watched.absent, { cause: error })
      throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
    }
  }

  /** Undefined if there has been none. */
  const describe = () =>
    call(async () => {
      try {
        return await handle.describe()
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined
        throw error
      }
    })
  const isRunning = async () => (await describe())?.status.name === 'RUNNING'

  return {
    call,
    isRunning,
    progress: () => call(() => handle.query<Progress>(watched.progress)),
    signal: (name: string, ...args: number[]) => call(() => handle.signal(name, ...args)),
    cancel: async () => void (await call(() => handle.cancel())),

    /** Has its schedule start it at once, so that there is one at a time; one that runs is left alone. */
    async trigger(scheduleId: string): Promise<void> {
      const before = await describe()
      if (before?.status.name === 'RUNNING') return
      await call(() => temporal.schedule.getHandle(scheduleId).trigger())
      const givingUpAt = Date.now() + START_MS
      while ((await describe())?.runId === before?.runId) {
        if (Date.now() > givingUpAt) throw new Error('the schedule has started nothing within 10 s')
        await sleep(POLL_MS)
      }
    },
  }
}
type OpenedRun<Progress> = Omit<ReturnType<typeof openRun>, 'progress'> & {
  progress: () => Promise<Progress>
}

async function watch<Progress extends { state: string }>(
  run: OpenedRun<Progress>,
  { name, lineOf, shareOf, summaryOf, awaitsOperator = () => false }: WatchedRun<Progress>,
  untilPaused: boolean,
): Promise<void> {
  const display = openProgressDisplay()
  const release = onInterrupt(() => {
    display.stop()
    print(`no longer watched; ${name} goes on`)
    process.exit(EXIT.interrupted)
  })
  try {
    for (;;) {
      // In this order, so that the last progress is that of a run that has ended.
      const isRunning = await run.isRunning()
      const progress = await run.progress()
      display.show(lineOf(progress), shareOf?.(progress))
      const waits = awaitsOperator(progress) || (untilPaused && progress.state === 'paused')
      if (!isRunning || waits) {
        display.stop()
        return summaryOf(progress).forEach(print)
      }
      await sleep(POLL_MS)
    }
  } finally {
    release()
    display.stop()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
