import type { UserId } from './ids.ts'

const FIBONACCI_MULTIPLIER = 2_654_435_761

/** How many buckets followers are dealt into: the unit of Redis slots and of fanout shards. */
export const BUCKET_COUNT = 1024

/**
 * The bucket (0–1023) of a user: Fibonacci hashing of the low 31 bits (Knuth, TAOCP vol. 3, 6.4), so that consecutive
 * ids spread evenly. The SQL function `feed_bucket` computes the same; a test compares them.
 */
export function feedBucket(userId: UserId): number {
  return Math.imul(Number(BigInt(userId) & 0x7fffffffn), FIBONACCI_MULTIPLIER) >>> 22
}

export interface BucketRange {
  first: number
  last: number
}

/** Buckets 0–1023 split into `count` ranges whose sizes differ by one at most. */
export function splitBuckets(count: number): BucketRange[] {
  return Array.from({ length: count }, (_, index) => ({
    first: Math.floor((index * BUCKET_COUNT) / count),
    last: Math.floor(((index + 1) * BUCKET_COUNT) / count) - 1,
  }))
}
