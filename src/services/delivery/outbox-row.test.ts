import { describe, expect, it } from 'vitest'
import { backoffSeconds } from './outbox-relay.ts'
import { parseOutboxRow, UndeliverableMessageError } from './outbox-row.ts'

const photo = { photoId: '0199a000-0000-7000-8000-000000000001', ownerId: '7' }

describe('parseOutboxRow', () => {
  it('reads what was written', () => {
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
    expect(() => parseOutboxRow({ kind, payload })).toThrow(UndeliverableMessageError)
  })
})

it('backs off exponentially, for 15 seconds at most', () => {
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
