import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import { FANOUT_START, type FanoutPosition, type PushSliceInput } from '../contracts/photo-fanout.ts'
import type { Fanout } from '../services/distribution/push.ts'
import { createFanoutActivities } from './distribution.ts'

const input: PushSliceInput = {
  photoId: '019aa3c5-1111-7222-8333-444455556666',
  plan: {
    desired: 'push',
    version: 1,
    accessEpoch: 1,
    score: 5,
    ownerId: '7',
    followers: 9,
    shards: 1,
    sinceMs: 0,
  },
  after: FANOUT_START,
}
const at = (followersSeen: number): FanoutPosition => ({
  afterBucket: 1,
  afterFollowerId: String(followersSeen),
  followersSeen,
  feedsWritten: followersSeen,
})

/** Batches of two followers each, up to six. */
function fanoutInPairs() {
  const begunAfter: number[] = []
  const fanout: Pick<Fanout, 'pushSlice'> = {
    async pushSlice({ after }, limits, onBatch) {
      expect(limits).toEqual({ maxFollowers: 6, maxMs: 2_000 })
      begunAfter.push(after.followersSeen)
      let { followersSeen } = after
      while (followersSeen < 6) {
        await new Promise((resolve) => setImmediate(resolve))
        followersSeen += 2
        onBatch?.(at(followersSeen))
      }
      return { outcome: 'done', position: at(followersSeen) }
    },
  }
  return {
    begunAfter,
    pushSlice: createFanoutActivities({ fanout: fanout as Fanout, sliceFollowers: 6 }).pushSlice,
  }
}

describe('a slice', () => {
  it('heartbeats its position after each batch', async () => {
    const env = new MockActivityEnvironment()
    const beats: unknown[] = []
    env.on('heartbeat', (details) => beats.push(details))
    const { pushSlice } = fanoutInPairs()
    expect(await env.run(pushSlice, input)).toEqual({ outcome: 'done', position: at(6) })
    expect(beats).toEqual([at(2), at(4), at(6)])
  })

  it('resumes after the last batch of the previous attempt', async () => {
    const env = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: at(4) })
    const { pushSlice, begunAfter } = fanoutInPairs()
    await env.run(pushSlice, input)
    expect(begunAfter).toEqual([4])
  })

  it('stops after the current batch when it is cancelled', async () => {
    const env = new MockActivityEnvironment()
    const beats: unknown[] = []
    env.on('heartbeat', (details) => {
      beats.push(details)
      if (beats.length === 2) env.cancel()
    })
    const { pushSlice } = fanoutInPairs()
    await expect(env.run(pushSlice, input)).rejects.toThrow('CANCELLED')
    expect(beats).toEqual([at(2), at(4)])
  })
})
