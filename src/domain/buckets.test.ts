import { describe, expect, it } from 'vitest'
import { BUCKET_COUNT, feedBucket, splitBuckets } from './buckets.ts'

describe('feedBucket', () => {
  it('spreads consecutive users evenly over all buckets', () => {
    const sizes = new Array<number>(BUCKET_COUNT).fill(0)
    for (let id = 1; id <= 100 * BUCKET_COUNT; id++) sizes[feedBucket(String(id))]!++
    expect(Math.min(...sizes)).toBeGreaterThan(80)
    expect(Math.max(...sizes)).toBeLessThan(120)
  })
})

describe('splitBuckets', () => {
  it.each([1, 2, 3, 7, 8, 64, 1024, 16_384])('makes %i equal ranges that hold every bucket once', (count) => {
    const ranges = splitBuckets(count)
    expect(ranges).toHaveLength(count)
    expect(ranges[0]!.first).toBe(0)
    expect(ranges.at(-1)!.last).toBe(BUCKET_COUNT - 1)
    for (const [index, range] of ranges.slice(1).entries()) expect(range.first).toBe(ranges[index]!.last + 1)
    const sizes = ranges.map(({ first, last }) => last - first + 1)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  })
})
