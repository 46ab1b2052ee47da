import type { ShardReached } from '../../contracts/fanout-shard.ts'
import {
  FANOUT_START,
  type DistributionPlan,
  type FanoutRange,
  type FanoutWork,
  type PushSliceResult,
} from '../../contracts/photo-fanout.ts'
import { BUCKET_COUNT_OF_OLD_PLANS, splitBuckets } from '../../domain/buckets.ts'

/**
 * The plan that a fanout carries out and how far it has come: what a retry, the next plan and the next run start from. It
 * is written here and nowhere else; a snapshot never changes.
 */
export function openWork(resumed: FanoutWork | undefined) {
  let work = resumed

  function current(): FanoutWork {
    if (!work) throw new TypeError('The fanout has no plan yet')
    return work
  }
  function advance(shard: number, range: Partial<FanoutRange>): void {
    const { plan, ranges } = current()
    work = { plan, ranges: ranges.map((was, index) => (index === shard ? { ...was, ...range } : was)) }
  }

  return {
    /** The work under way, or the last that was; undefined before the first plan. */
    snapshot: (): FanoutWork | undefined => work,
    /** @throws TypeError before the first plan */
    current,
    /** Starts a plan with its first follower. */
    begin(plan: DistributionPlan): void {
      work = { plan, ranges: rangesOf(plan) }
    },
    /**
     * Takes the photo's next plan in the middle of the work. After an edit the work goes on where it was. After a narrowing
     * it starts over: feeds that were rebuilt meanwhile lack the photo, although it had been pushed to them. So it does when
     * the next plan counts in other buckets, in which the positions mean nothing.
     * @returns whether it starts over
     */
    revise(next: DistributionPlan): boolean {
      const { plan, ranges } = current()
      const goesOn =
        plan.desired === next.desired &&
        plan.accessEpoch === next.accessEpoch &&
        plan.buckets === next.buckets
      if (goesOn) work = { plan: { ...next, shards: plan.shards }, ranges }
      else this.begin(next)
      return !goesOn
    },
    /** A slice or a shard has ended there. */
    ended(shard: number, { outcome, position }: PushSliceResult): void {
      advance(shard, { position, done: outcome === 'done' })
    },
    /**
     * A shard that runs says where it stands. What comes late, from before a failure or from an earlier plan, is ignored.
     * @returns whether it is news
     */
    heard({ shard, version, position }: ShardReached): boolean {
      const range = work?.ranges[shard]
      const isNews =
        range !== undefined &&
        work?.plan.version === version &&
        position.followersSeen > range.position.followersSeen
      if (isNews) advance(shard, { position })
      return isNews
    },
  }
}
export type OpenWork = ReturnType<typeof openWork>

/** The followers in as many parts as the plan has shards. */
function rangesOf({ shards, buckets = BUCKET_COUNT_OF_OLD_PLANS }: DistributionPlan): FanoutRange[] {
  return splitBuckets(shards, buckets).map(({ first, last }) => ({
    position:
      first === 0 ? FANOUT_START : { ...FANOUT_START, afterBucket: first - 1, afterFollowerId: LAST_USER_ID },
    lastBucket: last,
    done: false,
  }))
}
/** The largest bigint: after every follower of a bucket. */
const LAST_USER_ID = '9223372036854775807'
