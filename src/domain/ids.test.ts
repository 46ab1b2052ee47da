import { describe, expect, it } from 'vitest'
import { BUCKET_COUNT, feedBucket, isUuid, photoIdFromBytes, photoIdToBytes } from './ids.ts'

describe('ids', () => {
  it('round-trips a photo id through its bytes', () => {
    const id = '0199aa00-1234-7abc-8def-0123456789ab'
    expect(photoIdToBytes(id)).toHaveLength(16)
    expect(photoIdFromBytes(photoIdToBytes(id))).toBe(id)
  })

  it.each(['', 'x', '0199AA00-1234-7abc-8def-0123456789ab', '0199aa00-1234-7abc-8def-0123456789ab '])(
    'refuses %j',
    (id) => expect(isUuid(id)).toBe(false),
  )

  it('deals consecutive users evenly over all buckets', () => {
    const sizes = new Array<number>(BUCKET_COUNT).fill(0)
    for (let id = 1; id <= 102_400; id++) sizes[feedBucket(String(id))]!++
    expect(Math.min(...sizes)).toBeGreaterThan(80)
    expect(Math.max(...sizes)).toBeLessThan(120)
  })
})
