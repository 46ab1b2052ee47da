import { setTimeout as delay } from 'node:timers/promises'
import type { FanoutActivities } from '../../src/contracts/activities/distribution.ts'
import { FANOUT_START, type DistributionPlan, type FanoutPosition } from '../../src/contracts/photo-fanout.ts'
import type { PhotoId } from '../../src/domain/ids.ts'
import type { Fanout } from '../../src/services/distribution/push.ts'

/** What Temporal knows of a photo's distribution, whoever works on it. */
export interface FanoutWork {
  photoId: PhotoId
  plan: DistributionPlan | undefined
  /** Where the slice that is next or under way begins. */
  position: FanoutPosition
  /** Of the slice under way. */
  heartbeats: Heartbeats
}

/** What the next try of a slice is told. */
export interface Heartbeats {
  last: FanoutPosition | undefined
}

export type Activity = 'planFanout' | 'pushSlice' | 'completeFanout'

/** @throws WorkerDiedError */
export type RunActivity = <Name extends Activity>(
  name: Name,
  input: Parameters<FanoutActivities[Name]>[0],
  heartbeats?: Heartbeats,
) => Promise<Awaited<ReturnType<FanoutActivities[Name]>>>

export class WorkerDiedError extends Error {
  readonly again: 'at once' | 'later'
  constructor(again: WorkerDiedError['again']) {
    super('the worker was killed')
    this.again = again
  }
}

export function newWork(photoId: PhotoId): FanoutWork {
  return { photoId, plan: undefined, position: FANOUT_START, heartbeats: { last: undefined } }
}

/** As workflow photoFanout, one shard. After a worker's death it can be called again, and goes on. */
export async function carryOut(work: FanoutWork, run: RunActivity): Promise<void> {
  const { photoId } = work
  if (!work.plan && !(await replan())) return
  for (;;) {
    const outcome = await runSlice()
    if (outcome === 'more') continue
    if (outcome === 'done' && (await run('completeFanout', { photoId, plan: work.plan! }))) return
    if (!(await replan())) return
  }

  async function runSlice() {
    const input = { photoId, plan: work.plan!, after: work.position }
    const { outcome, position } = await run('pushSlice', input, work.heartbeats)
    work.position = position
    work.heartbeats = { last: undefined }
    return outcome
  }

  /** @returns false if nothing is owed */
  async function replan(): Promise<boolean> {
    const next = await run('planFanout', { photoId })
    if (next.desired === 'none') return false
    const goesOn = work.plan?.desired === next.desired && work.plan.accessEpoch === next.accessEpoch
    if (!goesOn) work.position = FANOUT_START
    work.plan = next
    return true
  }
}

const TRIES = 100
const RETRY_MS = 50

/** As the retry policy would: Redis may be out of memory for a moment, a replica behind. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof WorkerDiedError || tries === TRIES) throw error
      await delay(RETRY_MS)
    }
  }
}

/** All followers in one slice, by nobody who can be killed. */
export function runInProcess(fanout: Fanout): RunActivity {
  const activities: Pick<FanoutActivities, Activity> = {
    planFanout: ({ photoId }) => fanout.planFanout(photoId),
    pushSlice: (input) => fanout.pushSlice(input, { maxFollowers: 500, maxMs: 2_000 }),
    completeFanout: ({ photoId, plan }) => fanout.complete(photoId, plan),
  }
  return (name, input) => withRetries(async () => (await activities[name](input as never)) as never)
}
