import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  HAND_OVER,
  SHARD_POSITION,
  SHARD_REACHED,
  type FanoutShardInput,
  type FanoutShardResult,
  type ShardReached,
} from '../../contracts/fanout-shard.ts'
import { PAUSE_FANOUT, RESUME_FANOUT, type FanoutPosition } from '../../contracts/photo-fanout.ts'
import { isHistoryLong, runSlice } from '../photo-fanout/steps.ts'

const pauseShard = defineSignal(PAUSE_FANOUT)
const resumeShard = defineSignal(RESUME_FANOUT)
const handOver = defineSignal(HAND_OVER)
const shardReached = defineSignal<[ShardReached]>(SHARD_REACHED)
const shardPosition = defineQuery<FanoutPosition>(SHARD_POSITION)

/** Works through the followers in a range of buckets, slice by slice (contracts/fanout-shard.ts). */
export async function fanoutShard(input: FanoutShardInput): Promise<FanoutShardResult> {
  const { photoId, plan, lastBucket } = input
  let { position, paused } = input
  let handingOver = false
  setHandler(
    pauseShard,
    () => {
      paused = true
    },
    { description: 'Hold after this slice' },
  )
  setHandler(
    resumeShard,
    () => {
      paused = false
    },
    { description: 'Go on' },
  )
  setHandler(
    handOver,
    () => {
      handingOver = true
    },
    { description: 'End after this slice and say where' },
  )
  setHandler(shardPosition, () => position, { description: 'Where the shard stands' })

  for (;;) {
    show(position, paused)
    await condition(() => !paused || handingOver)
    if (handingOver) return { outcome: 'more', position }
    const result = await runSlice(photoId, plan, { position, lastBucket })
    if (result.outcome !== 'more') return result
    position = result.position
    tellParent(input, position)
    // A new run would not know that it has to hand over.
    if (isHistoryLong() && !handingOver) {
      await continueAsNew<typeof fanoutShard>({ ...input, position, paused })
    }
  }
}

/** Reports the position, for progress and as the place to resume from if this shard fails. The parent may be gone. */
function tellParent({ shard, plan }: FanoutShardInput, position: FanoutPosition): void {
  const parent = workflowInfo().parent
  if (!parent) return
  getExternalWorkflowHandle(parent.workflowId)
    .signal(shardReached, { shard, version: plan.version, position })
    .catch(() => undefined)
}

function show({ followersSeen, feedsWritten, afterBucket }: FanoutPosition, paused: boolean): void {
  const state = paused ? 'paused' : 'running'
  setCurrentDetails(
    `**${state}** in bucket ${afterBucket}: ${followersSeen} followers seen, ${feedsWritten} feeds`,
  )
}
