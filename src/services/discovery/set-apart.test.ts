import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { setApart } from './set-apart.ts'

const of = (text: string) => [...text].map((ownerId, at) => ({ ownerId, at }))
const authors = (photos: { ownerId: string }[]) => photos.map(({ ownerId }) => ownerId).join('')

const photos = fc.string({ unit: fc.constantFrom(...'abcdefgh'), maxLength: 60 }).map(of)
const distances = fc.integer({ min: 0, max: 6 })

describe('photos that are set apart', () => {
  it.each([
    ['aab', 1, 'aba'],
    ['aaabbc', 2, 'abcab'],
    ['aabcb', 20, 'abcab'],
    ['abc', 5, 'abc'],
    ['aaa', 3, 'aaa'],
    ['aab', 0, 'aab'],
    ['', 3, ''],
  ])('%s by %d become %s', (given, distance, order) => {
    expect(authors(setApart(of(given), distance))).toBe(order)
  })

  it('have as many others between two of an author as there can be', () => {
    fc.assert(
      fc.property(photos, distances, (given, distance) => {
        const gap = Math.min(distance, Math.max(0, new Set(authors(given)).size - 1))
        const order = authors(setApart(given, distance))
        for (let at = 0; at < order.length; at++)
          expect(order.slice(at + 1, at + 1 + gap)).not.toContain(order[at])
      }),
    )
  })

  it('begin with the first, keep each author in order and lose nobody', () => {
    fc.assert(
      fc.property(photos, distances, (given, distance) => {
        const placed = setApart(given, distance)
        expect(placed[0]).toEqual(given[0])
        expect(new Set(authors(placed))).toEqual(new Set(authors(given)))
        for (const author of new Set(authors(given))) {
          const all = given.filter(({ ownerId }) => ownerId === author)
          const kept = placed.filter(({ ownerId }) => ownerId === author)
          expect(kept).toEqual(all.slice(0, kept.length))
        }
      }),
    )
  })
})
