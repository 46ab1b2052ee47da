import { describe, expect, it } from 'vitest'
import { backoffSeconds } from './outbox-relay.ts'
import { grpcCode, parseOutboxRow, shortError, UndeliverableMessage } from './outbox-row.ts'

const photo = { photoId: '0199a000-0000-7000-8000-000000000001', ownerId: '7' }

describe('parseOutboxRow', () => {
  it('reads what is written', () => {
    const row = { kind: 'originalArrived', payload: { ...photo, expiresAtMs: 1_790_000_000_000 } }
    expect(parseOutboxRow(row)).toEqual(row)
    expect(parseOutboxRow({ kind: 'photoChanged', payload: photo })).toEqual({
      kind: 'photoChanged',
      payload: photo,
    })
  })

  it.each([
    ['an unknown kind', 'photoPraised', photo],
    ['a payload that is none', 'photoChanged', null],
    ['an id that is none', 'photoChanged', { ...photo, photoId: 'x' }],
    ['an upload without expiry', 'uploadOpened', photo],
  ])('gives up on %s', (_, kind, payload) => {
    expect(() => parseOutboxRow({ kind, payload })).toThrow(UndeliverableMessage)
  })
})

describe('what is kept of an error', () => {
  it('is its name, gRPC status and first line', () => {
    const cause = Object.assign(new Error('14 UNAVAILABLE: connection refused'), { code: 14 })
    const error = new Error('Failed to start\nsecond line', { cause })
    expect(grpcCode(error)).toBe(14)
    expect(shortError(error)).toBe('Error (gRPC 14): Failed to start')
    expect(shortError(new Error('x'.repeat(1_000)))).toHaveLength(500)
  })
})

it('backs off exponentially, to a quarter of a minute at most', () => {
  for (const [attempts, most] of [
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 15],
    [1_000, 15],
  ] as const) {
    const seconds = backoffSeconds(attempts)
    expect(seconds).toBeLessThanOrEqual(most)
    expect(seconds).toBeGreaterThanOrEqual(most * 0.75)
  }
})
