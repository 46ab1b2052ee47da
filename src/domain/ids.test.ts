import { describe, expect, it } from 'vitest'
import { isUuid } from './ids.ts'

describe('isUuid', () => {
  it('takes a photo id', () => expect(isUuid('0199aa00-1234-7abc-8def-0123456789ab')).toBe(true))

  it.each(['', 'x', '0199AA00-1234-7abc-8def-0123456789ab', '0199aa00-1234-7abc-8def-0123456789ab '])(
    'refuses %j',
    (id) => expect(isUuid(id)).toBe(false),
  )
})
