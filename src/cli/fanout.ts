import { setTimeout as sleep } from 'node:timers/promises'
import {
  ServiceError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client'
import { loadConfig, type Config } from '../config/config.ts'
import {
  FANOUT_PROGRESS,
  PAUSE_FANOUT,
  photoFanoutWorkflowId,
  RESUME_FANOUT,
  type FanoutProgress,
  type FanoutState,
} from '../contracts/photo-fanout.ts'
import { isUuid, type PhotoId } from '../domain/ids.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { EXIT, onInterrupt, onlyOneOf, UsageError } from './exit.ts'
import { openFanoutBars } from './fanout-bars.ts'
import { messageOf } from '../observability/error-text.ts'

export interface FanoutOptions {
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

const POLL_MS = 250
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 5_000
/** An orchestration worker answers queries; without one they would hang. */
const ANSWER_TIMEOUT_MS = 10_000
/** After this long the operator is told what the command is waiting for. */
const NOTICE_MS = 1_500

/**
 * Pauses, resumes or cancels the fanout of a photo, or only watches it.
 * @throws UsageError for what is no photo id and for conflicting options
 * @throws Error for an operator: no Temporal, worker or running fanout
 */
export async function controlFanout(photoId: PhotoId, options: FanoutOptions): Promise<void> {
  const wish = onlyOneOf(['pause', 'resume', 'cancel'], options)
  if (!isUuid(photoId)) throw new UsageError(`"${photoId}" is not a photo id (a UUID in lower case)`)
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    await connect(temporal, config.TEMPORAL_ADDRESS)
    const fanout = openFanout(temporal, photoId)
    const description = await fanout.describe()
    print(linkTo(config, description))
    if (!wish) return await watch(fanout)
    if (description.status.name !== 'RUNNING') {
      throw new Error(`the fanout of photo ${photoId} is not running: ${ended(description)}`)
    }
    await fanout[wish]()
    if (wish === 'resume') return await watch(fanout)
    await (wish === 'pause' ? untilPaused(fanout) : untilEnded(fanout))
  } finally {
    await temporal.connection.close()
  }
}

/** @throws Error that names the address */
async function connect(temporal: Client, address: string): Promise<void> {
  try {
    await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => temporal.connection.ensureConnected())
  } catch (error) {
    throw new Error(`Temporal does not answer at ${address}: ${reasonOf(error)}`, { cause: error })
  }
}

function openFanout(temporal: Client, photoId: PhotoId) {
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  async function call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, work)
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        throw new Error(
          `no fanout of photo ${photoId}: the photo is absent, not published, or was pushed long ago`,
          {
            cause: error,
          },
        )
      }
      throw new Error(`Temporal: ${reasonOf(error)}`, { cause: error })
    }
  }
  return {
    describe: () => call(() => handle.describe()),
    pause: () => call(() => handle.signal(PAUSE_FANOUT)),
    resume: () => call(() => handle.signal(RESUME_FANOUT)),
    cancel: () => call(() => handle.cancel()),
    async progress(): Promise<FanoutProgress> {
      try {
        return await temporal.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
          handle.query<FanoutProgress>(FANOUT_PROGRESS),
        )
      } catch (error) {
        throw new Error(`no orchestration worker answers: ${reasonOf(error)}`, { cause: error })
      }
    },
  }
}
type Fanout = ReturnType<typeof openFanout>

/** Waits until no new slice starts. Reports if the fanout has ended or has written everything already. */
async function untilPaused(fanout: Fanout): Promise<void> {
  const notice = openNotice('--pause')
  for (;;) {
    const description = await fanout.describe()
    if (!isRunning(description)) return print(`it has ended before: ${ended(description)}`)
    const progress = await fanout.progress()
    if (progress.state === 'paused') return print(`paused at ${figures(progress)}`)
    if (progress.state === 'completing') {
      return print(
        `nothing left to pause: everything is written, waiting for the replicas (${figures(progress)})`,
      )
    }
    notice.awaiting(progress.state)
    await sleep(POLL_MS)
  }
}

/** Waits until the fanout has ended in any way. */
async function untilEnded(fanout: Fanout): Promise<void> {
  const notice = openNotice('--cancel')
  for (;;) {
    const description = await fanout.describe()
    if (!isRunning(description)) return print(await summary(fanout, description))
    notice.awaiting((await fanout.progress()).state)
    await sleep(POLL_MS)
  }
}

/** Says once what the command is waiting for, if it takes long. */
function openNotice(wish: string) {
  const startedAt = performance.now()
  let told = false
  return {
    awaiting(state: FanoutState): void {
      if (told || performance.now() - startedAt < NOTICE_MS) return
      told = true
      const awaited =
        state === 'planning'
          ? 'a worker of the queue fanout to plan'
          : state === 'completing'
            ? 'the replicas'
            : 'the slice under way to end; without a worker of its queue, for one to start'
      print(`waiting for ${awaited} (Ctrl-C ends the waiting, ${wish} stays)`)
    },
  }
}

/** Watches until the fanout ends; Ctrl-C only ends the watching. */
async function watch(fanout: Fanout): Promise<void> {
  const bars = openFanoutBars()
  const release = onInterrupt(() => {
    bars.stop()
    print('no longer watched; the fanout goes on')
    process.exit(EXIT.interrupted)
  })
  try {
    for (;;) {
      const description = await fanout.describe()
      if (description.status.name === 'TERMINATED') return print(ended(description))
      const progress = await fanout.progress()
      bars.show(progress)
      if (!isRunning(description)) {
        bars.stop()
        return print(`${ended(description)}: ${figures(progress)}`)
      }
      await sleep(POLL_MS)
    }
  } finally {
    release()
    bars.stop()
  }
}

async function summary(fanout: Fanout, description: WorkflowExecutionDescription): Promise<string> {
  // Without a worker the figures are not available, but the outcome is.
  const progress = await fanout.progress().catch(() => undefined)
  return progress ? `${ended(description)}: ${figures(progress)}` : ended(description)
}

function isRunning({ status }: WorkflowExecutionDescription): boolean {
  return status.name === 'RUNNING'
}

function ended({ status, startTime, closeTime }: WorkflowExecutionDescription): string {
  if (!closeTime) return status.name.toLowerCase()
  const seconds = (closeTime.getTime() - startTime.getTime()) / 1000
  return `${status.name.toLowerCase()} at ${closeTime.toISOString()} after ${seconds.toFixed(1)} s`
}

function figures({ followers, followersSeen, delivered }: FanoutProgress): string {
  return `${followersSeen} of ${followers} followers, ${delivered} feeds`
}

function linkTo(config: Config, { workflowId, runId }: WorkflowExecutionDescription): string {
  if (!config.TEMPORAL_UI_URL) return workflowId
  const path = `namespaces/${config.TEMPORAL_NAMESPACE}/workflows/${encodeURIComponent(workflowId)}/${runId}`
  return new URL(path, config.TEMPORAL_UI_URL).href
}

/** Unwraps the server's or network's message from the client's error. */
function reasonOf(error: unknown): string {
  if (error instanceof ServiceError && error.cause instanceof Error) return error.cause.message
  return messageOf(error)
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
