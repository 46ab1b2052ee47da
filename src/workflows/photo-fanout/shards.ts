import {
  CancellationScope,
  condition,
  defineSignal,
  setHandler,
  startChild,
  type ChildWorkflowHandle,
  type ChildWorkflowOptions,
} from '@temporalio/workflow'
import {
  FANOUT_SHARD,
  fanoutShardWorkflowId,
  HAND_OVER,
  SHARD_REACHED,
  type ShardReached,
} from '../../contracts/fanout-shard.ts'
import {
  PAUSE_FANOUT,
  RESUME_FANOUT,
  type FanoutWork,
  type PhotoFanoutInput,
  type PushSliceResult,
} from '../../contracts/photo-fanout.ts'
import { ownerAttribute, photoAttribute } from '../../contracts/search-attributes.ts'
import type { OpenWork } from './fanout-work.ts'
import { isHistoryLong } from './steps.ts'
import type { FanoutTracker } from './progress.ts'
import type { fanoutShard } from '../fanout-shard/workflow.ts'

const shardReached = defineSignal<[ShardReached]>(SHARD_REACHED)
const handOver = defineSignal(HAND_OVER)
const pause = defineSignal(PAUSE_FANOUT)
const resume = defineSignal(RESUME_FANOUT)

/** A failed shard starts again after a second, then after pauses that double up to a minute. */
const RETRY_MS = { first: 1_000, most: 60_000 }

type Outcome = PushSliceResult['outcome']

/** The child workflows of a fanout, one for each range of buckets, all running at the same time. */
export function openShards(input: PhotoFanoutInput, work: OpenWork, tracker: FanoutTracker) {
  const open = new Map<number, ChildWorkflowHandle<typeof fanoutShard>>()
  let handingOver = false
  setHandler(
    shardReached,
    (reached) => {
      if (work.heard(reached)) tracker.show()
      keepHistoryShort()
    },
    { description: 'Where a shard stands' },
  )

  /** Has the shards hand over to a new run before their reports and restarts make the history too long. */
  function keepHistoryShort(): void {
    if (handingOver || !isHistoryLong()) return
    handingOver = true
    for (const child of open.values()) tell(child, handOver)
  }

  /** Runs a shard to its end. If it fails, it starts again where it was, and the others continue. */
  async function runShard(shard: number): Promise<Outcome> {
    for (let failures = 0; !handingOver; failures++) {
      try {
        const paused = tracker.isPaused()
        const child = await startChild<typeof fanoutShard>(
          FANOUT_SHARD,
          shardOptions(input, work.current(), shard, paused),
        )
        open.set(shard, child)
        tracker.shardStarted(shard)
        // Signals that arrived while the shard was being started have not reached it.
        if (tracker.isPaused() !== paused) tell(child, tracker.isPaused() ? pause : resume)
        if (handingOver) tell(child, handOver)
        const result = await child.result()
        work.ended(shard, result)
        tracker.show()
        return result.outcome
      } catch (error) {
        if (CancellationScope.current().consideredCancelled) throw error
        tracker.shardFailed(shard)
        keepHistoryShort()
        const pauseMs = Math.min(RETRY_MS.first * 2 ** failures, RETRY_MS.most)
        await condition(() => handingOver, pauseMs, { summary: `Shard ${shard} again` })
      } finally {
        open.delete(shard)
      }
    }
    return 'more'
  }

  return {
    /** Pauses or resumes every running shard. */
    setPaused(paused: boolean): void {
      for (const child of open.values()) tell(child, paused ? pause : resume)
    },
    /** `more`: the shards were told to hand over. Settles only after every shard has ended. */
    async run(): Promise<Outcome> {
      const unfinished = work.current().ranges.flatMap(({ done }, shard) => (done ? [] : [shard]))
      const ends = await Promise.allSettled(unfinished.map((shard) => runShard(shard)))
      const outcomes = ends.map((end) => {
        if (end.status === 'rejected') throw end.reason
        return end.value
      })
      if (outcomes.includes('replan')) return 'replan'
      return outcomes.includes('more') ? 'more' : 'done'
    },
  }
}

function shardOptions(
  { photoId, ownerId }: PhotoFanoutInput,
  { plan, ranges }: FanoutWork,
  shard: number,
  paused: boolean,
) {
  const { position, lastBucket } = ranges[shard]!
  return {
    workflowId: fanoutShardWorkflowId(photoId, shard),
    args: [{ photoId, ownerId, shard, plan, position, lastBucket, paused }] as Parameters<typeof fanoutShard>,
    typedSearchAttributes: [
      { key: photoAttribute, value: photoId },
      { key: ownerAttribute, value: ownerId },
    ],
    staticSummary: `Shard ${shard} of ${ranges.length}: ${plan.desired} photo ${photoId}`,
    // A terminated parent must not leave writers behind; a cancelled one waits until they have ended.
    parentClosePolicy: 'REQUEST_CANCEL' as const,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED' as const,
  } satisfies ChildWorkflowOptions & { args: unknown }
}

/** Signals a shard; one that has ended does not need the signal. */
function tell(
  child: ChildWorkflowHandle<typeof fanoutShard>,
  signal: ReturnType<typeof defineSignal<[]>>,
): void {
  child.signal(signal).catch(() => undefined)
}
