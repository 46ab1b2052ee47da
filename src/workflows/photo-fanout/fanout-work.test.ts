import { describe, expect, it } from 'vitest'
import type { DistributionPlan, FanoutPosition } from '../../contracts/photo-fanout.ts'
import { BUCKET_COUNT } from '../../domain/buckets.ts'
import { openWork } from './fanout-work.ts'

const plan = (changes: Partial<DistributionPlan> = {}): DistributionPlan => ({
  desired: 'push',
  version: 1,
  accessEpoch: 1,
  score: 1,
  ownerId: '7',
  followers: 9,
  shards: 2,
  sinceMs: 0,
  ...changes,
})
const at = (followersSeen: number): FanoutPosition => ({
  afterBucket: 5,
  afterFollowerId: '9',
  followersSeen,
  feedsWritten: followersSeen,
})

function begun() {
  const work = openWork(undefined)
  work.begin(plan())
  return work
}
const seen = (work: ReturnType<typeof openWork>) =>
  work.current().ranges.map(({ position }) => position.followersSeen)

describe('the work of a fanout', () => {
  it('has no plan at first, except the one it resumes', () => {
    expect(openWork(undefined).snapshot()).toBeUndefined()
    const before = begun().current()
    expect(openWork(before).snapshot()).toBe(before)
  })

  it('splits the buckets of its plan, 1,024 by default', () => {
    const lastBuckets = (of: DistributionPlan) => {
      const work = openWork(undefined)
      work.begin(of)
      return work.current().ranges.map(({ lastBucket }) => lastBucket)
    }
    expect(lastBuckets(plan())).toEqual([511, 1_023])
    expect(lastBuckets(plan({ buckets: BUCKET_COUNT }))).toEqual([8_191, 16_383])
  })

  it('leaves an earlier snapshot unchanged', () => {
    const work = begun()
    const before = work.current()
    const copy = structuredClone(before)
    work.heard({ shard: 0, version: 1, position: at(3) })
    work.ended(1, { outcome: 'done', position: at(4) })
    work.revise(plan({ version: 2 }))
    expect(before).toEqual(copy)
    expect(seen(work)).toEqual([3, 4])
  })

  it('takes only newer progress from a running shard', () => {
    const work = begun()
    expect(work.heard({ shard: 0, version: 1, position: at(3) })).toBe(true)
    expect(work.heard({ shard: 0, version: 1, position: at(2) })).toBe(false)
    expect(work.heard({ shard: 0, version: 0, position: at(9) })).toBe(false)
    expect(work.heard({ shard: 7, version: 1, position: at(9) })).toBe(false)
    expect(seen(work)).toEqual([3, 0])
  })

  it('resumes after an edit with the same number of shards', () => {
    const work = begun()
    work.ended(0, { outcome: 'done', position: at(3) })
    expect(work.revise(plan({ version: 2, shards: 1 }))).toBe(false)
    expect(work.current().plan).toMatchObject({ version: 2, shards: 2 })
    expect(work.current().ranges.map(({ done }) => done)).toEqual([true, false])
  })

  it.each([
    ['a narrowing', plan({ version: 2, accessEpoch: 2, shards: 1 })],
    ['a deletion', plan({ version: 2, desired: 'collect', shards: 1 })],
    ['a release that deals followers into other buckets', plan({ buckets: BUCKET_COUNT, shards: 1 })],
  ])('starts over after %s', (_, next) => {
    const work = begun()
    work.ended(0, { outcome: 'done', position: at(3) })
    expect(work.revise(next)).toBe(true)
    expect(seen(work)).toEqual([0])
    expect(work.current().plan).toBe(next)
  })
})
