import { BUCKET_COUNT } from './ids.ts'

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
