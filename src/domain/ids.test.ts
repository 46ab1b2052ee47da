import { describe, expect, it } from 'vitest'
import { isUuid, photoIdFromBytes, photoIdToBytes } from './ids.ts'

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
})
