import type { UserId } from './ids.ts'

const FIBONACCI_MULTIPLIER = 2_654_435_761

/**
 * How many buckets followers are dealt into: the order in which a push walks them, and the unit of its shards. As many as a
 * Redis Cluster has slots; how many of them share one is for the heads to say (ADR 15).
 */
export const BUCKET_COUNT = 16_384
/** What plans count in that do not say: those of releases that had fewer. */
export const BUCKET_COUNT_OF_OLD_PLANS = 1_024

/**
 * The bucket (0–16383) of a user: Fibonacci hashing of the low 31 bits (Knuth, TAOCP vol. 3, 6.4), so that consecutive
 * ids spread evenly. The SQL function `feed_bucket` computes the same; a test compares them.
 */
export function feedBucket(userId: UserId): number {
  return Math.imul(Number(BigInt(userId) & 0x7fffffffn), FIBONACCI_MULTIPLIER) >>> 18
}

export interface BucketRange {
  first: number
  last: number
}

/** All buckets split into `count` ranges whose sizes differ by one at most. */
export function splitBuckets(count: number, buckets = BUCKET_COUNT): BucketRange[] {
  return Array.from({ length: count }, (_, index) => ({
    first: Math.floor((index * buckets) / count),
    last: Math.floor(((index + 1) * buckets) / count) - 1,
  }))
}
