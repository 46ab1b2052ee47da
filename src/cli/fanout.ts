import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client'
import { loadConfig, type Config } from '../config/config.ts'
import {
  FANOUT_PROGRESS,
  PAUSE_FANOUT,
  photoFanoutWorkflowId,
  RESUME_FANOUT,
  type FanoutProgress,
} from '../contracts/photo-fanout.ts'
import { isUuid, type PhotoId } from '../domain/ids.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { openFanoutBars } from './fanout-bars.ts'

export interface FanoutOptions {
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

const POLL_MS = 250
/** A query is answered by an orchestration worker; without one it would hang. */
const ANSWER_TIMEOUT_MS = 10_000

/**
 * Holds, resumes or cancels the fanout of a photo, or only watches it.
 * @throws Error in words for an operator: no photo id, no fanout, none running, two wishes at once, no worker
 */
export async function controlFanout(photoId: PhotoId, options: FanoutOptions): Promise<void> {
  const wishes = (['pause', 'resume', 'cancel'] as const).filter((wish) => options[wish])
  if (wishes.length > 1) throw new Error(`one of --${wishes.join(' and --')}, not both`)
  if (!isUuid(photoId)) throw new Error(`"${photoId}" is no photo id (a UUID in lower case)`)
  const config = loadConfig()
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    const fanout = openFanout(temporal, photoId)
    const description = await fanout.describe()
    print(linkTo(config, description))
    const wish = wishes[0]
    if (!wish) return await watch(fanout)
    if (description.status.name !== 'RUNNING') {
      throw new Error(`the fanout of photo ${photoId} does not run: ${ended(description)}`)
    }
    await fanout[wish]()
    if (wish === 'resume') return await watch(fanout)
    const taken = wish === 'pause' ? 'paused' : 'cancelled'
    const progress = await fanout.untilState(taken)
    print(progress.state === taken ? `${taken} at ${figures(progress)}` : `it was ${progress.state} before`)
  } finally {
    await temporal.connection.close()
  }
}

function openFanout(temporal: Client, photoId: PhotoId) {
  const handle = temporal.workflow.getHandle(photoFanoutWorkflowId(photoId))
  const known = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      throw new Error(`no fanout of photo ${photoId}: no such photo, not published, or pushed long ago`)
    })
  const fanout = {
    describe: () => known(handle.describe()),
    pause: () => handle.signal(PAUSE_FANOUT),
    resume: () => handle.signal(RESUME_FANOUT),
    cancel: () => handle.cancel(),
    async progress(): Promise<FanoutProgress> {
      try {
        return await temporal.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
          handle.query<FanoutProgress>(FANOUT_PROGRESS),
        )
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        throw new Error(`no orchestration worker answers: ${message}`, { cause: error })
      }
    },
    /** Until it is in that state, or has ended before. */
    async untilState(state: FanoutProgress['state']): Promise<FanoutProgress> {
      for (;;) {
        const progress = await fanout.progress()
        if (progress.state === state || progress.state === 'done') return progress
        await sleep(POLL_MS)
      }
    },
  }
  return fanout
}

/** Until the fanout ends; Ctrl-C ends the watching alone. */
async function watch(fanout: ReturnType<typeof openFanout>): Promise<void> {
  const bars = openFanoutBars()
  try {
    for (;;) {
      const [progress, description] = [await fanout.progress(), await fanout.describe()]
      bars.show(progress)
      if (description.status.name !== 'RUNNING') {
        bars.stop()
        print(`${ended(description)}: ${figures(progress)}`)
        return
      }
      await sleep(POLL_MS)
    }
  } finally {
    bars.stop()
  }
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

const print = (line: string) => process.stdout.write(`${line}\n`)
