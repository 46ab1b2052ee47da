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
 * A fanout's plan and how far it has been carried out: the starting point of retries, of the next plan and of the next
 * run. Only these methods change it; a snapshot stays as it is.
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
    /** The current work, or the last; undefined before the first plan. */
    snapshot: (): FanoutWork | undefined => work,
    /** @throws TypeError before the first plan */
    current,
    /** Starts a plan at its first follower. */
    begin(plan: DistributionPlan): void {
      work = { plan, ranges: rangesOf(plan) }
    },
    /**
     * Switches to the photo's next plan during the work. After an edit the work continues where it was. After a
     * narrowing it starts over, because feeds that were rebuilt meanwhile lack the photo although it had been pushed to
     * them. It also starts over if the next plan has other buckets, in which the old positions mean nothing.
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
    /** Records how a slice or a shard has ended. */
    ended(shard: number, { outcome, position }: PushSliceResult): void {
      advance(shard, { position, done: outcome === 'done' })
    },
    /**
     * Records the position that a running shard reports. Late reports, from before a failure or under an earlier plan,
     * are ignored.
     * @returns whether the report was news
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

/** Splits the followers into one range for each shard of the plan. */
function rangesOf({ shards, buckets = BUCKET_COUNT_OF_OLD_PLANS }: DistributionPlan): FanoutRange[] {
  return splitBuckets(shards, buckets).map(({ first, last }) => ({
    position:
      first === 0 ? FANOUT_START : { ...FANOUT_START, afterBucket: first - 1, afterFollowerId: LAST_USER_ID },
    lastBucket: last,
    done: false,
  }))
}
/** The largest bigint, which comes after every follower of a bucket. */
const LAST_USER_ID = '9223372036854775807'
