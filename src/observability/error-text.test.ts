import { describe, expect, it } from 'vitest'
import { grpcCode, messageOf, shortError } from './error-text.ts'

describe('what is told of an error', () => {
  it('is its name, gRPC status and first line', () => {
    const cause = Object.assign(new Error('14 UNAVAILABLE: connection refused'), { code: 14 })
    const error = new Error('Failed to start\nsecond line', { cause })
    expect(grpcCode(error)).toBe(14)
    expect(shortError(error)).toBe('Error (gRPC 14): Failed to start')
    expect(shortError(new Error('x'.repeat(1_000)))).toHaveLength(500)
    expect(shortError('text')).toBe('unknown error')
  })

  it('is the messages of all parts of an AggregateError', () => {
    const parts = [new Error('IPv4 refused'), new Error('IPv6 refused')]
    expect(messageOf(new AggregateError(parts))).toBe('IPv4 refused; IPv6 refused')
    expect(messageOf(new AggregateError([], 'none'))).toBe('none')
    expect(messageOf('text')).toBe('text')
  })
})
