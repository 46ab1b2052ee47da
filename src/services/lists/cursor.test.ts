import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Viewer } from '../../domain/viewer.ts'
import { decodeCursor, encodeCursor, MAX_CURSOR_CHARACTERS, type CursorBinding } from './cursor.ts'

const SECRET = 'a secret of the test'
const SHAPE = ['number', 'string'] as const
const binding: CursorBinding = {
  viewer: { kind: 'user', userId: '7' },
  list: 'search/photos',
  filters: { q: 'lake', tag: undefined },
}
const position = [1_763_769_600_123, '019aa3c5-1111-7222-8333-444455556666'] as const
const cursor = encodeCursor(position, binding, SECRET)

const refused = expect.objectContaining({ code: 'bad_cursor' })
const decode = (text: string, other: Partial<CursorBinding> = {}, secret = SECRET) =>
  decodeCursor(text, { ...binding, ...other }, secret, SHAPE)

describe('a cursor', () => {
  it('survives encoding and decoding', () => {
    expect(decode(cursor)).toEqual(position)
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.string({ maxLength: 40 }), (score, id) => {
        expect(decode(encodeCursor([score, id], binding, SECRET))).toEqual([score, id])
      }),
    )
  })

  it('fits into a query string', () => {
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(cursor.length).toBeLessThan(120)
    expect(() => encodeCursor(['x'.repeat(MAX_CURSOR_CHARACTERS)], binding, SECRET)).toThrow(RangeError)
  })

  it('hides its position and is the same for the same place', () => {
    const bytes = Buffer.from(cursor, 'base64url')
    for (const part of position) expect(bytes.includes(String(part))).toBe(false)
    const hidden = [position[0] + 1, position[1]] as const
    // Not even by comparison: another position shares neither MAC nor key stream.
    const other = Buffer.from(encodeCursor(hidden, binding, SECRET), 'base64url')
    const shared = bytes.subarray(1).filter((byte, index) => byte === other[index + 1])
    expect(shared.length).toBeLessThan(bytes.length / 4)
    expect(encodeCursor(position, binding, SECRET)).toBe(cursor)
  })

  it('works for one viewer only', () => {
    const viewers: Viewer[] = [
      ANONYMOUS,
      { kind: 'user', userId: '7' },
      { kind: 'link', linkId: '7' },
      { kind: 'link', linkId: '8' },
    ]
    for (const from of viewers) {
      const mine = encodeCursor(position, { ...binding, viewer: from }, SECRET)
      for (const to of viewers) {
        if (from === to) expect(decode(mine, { viewer: to })).toEqual(position)
        else expect(() => decode(mine, { viewer: to })).toThrow(refused)
      }
    }
  })

  it('ignores the order of filters and undefined ones', () => {
    const { viewer } = binding
    const one = encodeCursor(position, { viewer, list: 'l', filters: { a: 1, b: 2 } }, SECRET)
    const other = { viewer, list: 'l', filters: { b: 2, a: 1, c: undefined } }
    expect(decodeCursor(one, other, SECRET, SHAPE)).toEqual(position)
  })

  it.each<[string, () => unknown]>([
    ['of another viewer', () => decode(cursor, { viewer: { kind: 'user', userId: '8' } })],
    ['of a viewer who is not signed in', () => decode(cursor, { viewer: ANONYMOUS })],
    ['of another list', () => decode(cursor, { list: 'feed' })],
    ['of other filters', () => decode(cursor, { filters: { q: 'lakes' } })],
    ['of a filter of another type', () => decode(cursor, { filters: { q: 'lake', tag: null } })],
    ['of another secret', () => decode(cursor, {}, 'another secret')],
    ['of another shape', () => decodeCursor(cursor, binding, SECRET, ['string', 'string'])],
    ['of fewer parts', () => decodeCursor(cursor, binding, SECRET, ['number'])],
    ['that is empty', () => decode('')],
    ['that is a word', () => decode('next')],
    ['that is not base64url', () => decode(`${cursor}=`)],
    ['with text before it', () => decode(` ${cursor}`)],
    ['with text behind it', () => decode(`${cursor}AAAA`)],
    ['that is huge', () => decode('A'.repeat(1_000_000))],
    ['with a NUL', () => decode(`\0${cursor}`)],
    ['of another format version', () => decode(`Aw${cursor.slice(2)}`)],
  ])('is refused: %s', (_what, use) => {
    expect(use).toThrow(refused)
  })

  it('is refused when it is cut anywhere', () => {
    for (let length = 0; length < cursor.length; length++) {
      expect(() => decode(cursor.slice(0, length))).toThrow(refused)
    }
  })

  it('is refused when any character changes', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: cursor.length - 1 }),
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
        (index, character) => {
          fc.pre(cursor[index] !== character)
          expect(() => decode(cursor.slice(0, index) + character + cursor.slice(index + 1))).toThrow(refused)
        },
      ),
    )
  })
})
