import { describe, expect, it } from 'vitest'
import {
  compareFeedOrder,
  isBelow,
  isInFeed,
  mergeFeeds,
  mergeInFlight,
  scanAboveFloor,
  takePage,
  type FeedPosition,
} from './feed-page.ts'
import type { PhotoStatus, Visibility } from './visibility.ts'

/** `12b`: score 12, an id that ends in b. */
function at(name: string): FeedPosition {
  const [, score, letter] = /^(\d+)([a-f])$/.exec(name)!
  return { score: Number(score), photoId: `0000000${letter}-0000-7000-8000-${score!.padStart(12, '0')}` }
}
const all = (names: string): FeedPosition[] => names.split(' ').filter(Boolean).map(at)

describe('feed order', () => {
  it('sorts by score, then by id, both descending', () => {
    expect(all('9a 10a 10c 10b 100a').toSorted(compareFeedOrder)).toEqual(all('100a 10c 10b 10a 9a'))
  })

  it.each([
    ['9a', '10a', true],
    ['10a', '10b', true],
    ['10a', '10a', false],
    ['10b', '10a', false],
    ['11a', '10f', false],
  ])('places %s below %s: %s', (item, position, below) => {
    expect(isBelow(at(item), at(position))).toBe(below)
  })

  it('places everything below the top', () => {
    expect(isBelow(at('1a'), undefined)).toBe(true)
  })
})

describe('merging', () => {
  it.each([
    ['', '', ''],
    ['5a 3a', '', '5a 3a'],
    ['5a 3a', '4a', '5a 4a 3a'],
    ['5a 3a', '5a 3a', '5a 3a'],
    ['5b', '5c 5a', '5c 5b 5a'],
  ])('merges %j and %j into %j', (left, right, merged) => {
    expect(mergeFeeds(all(left), all(right))).toEqual(all(merged))
  })
})

describe('photos in flight', () => {
  it.each([
    ['are put in their places', '9a 7a 5a', false, '8a 6a', '9a 8a 7a 6a 5a', '8a 6a'],
    ['are put before the first', '9a', false, '10a 9b', '10a 9b 9a', '10a 9b'],
    ['that are there already stay once', '9a 7a', false, '9a 8a', '9a 8a 7a', '8a'],
    ['below where the read ends wait for the next', '9a 7a', false, '6a', '9a 7a', ''],
    ['come after the last at the end of the feed', '9a 7a', true, '6a', '9a 7a 6a', '6a'],
    ['are all of an empty feed', '', true, '6a 5a', '6a 5a', '6a 5a'],
  ])('%s', (_, candidates, end, flying, merged, added) => {
    expect(mergeInFlight({ candidates: all(candidates), end }, all(flying))).toEqual({
      candidates: all(merged),
      end,
      added: all(added),
    })
  })

  it('cut the result where they end, if there are more of them', () => {
    expect(mergeInFlight({ candidates: all('9a 7a 4a'), end: true }, all('8a 6a'), false)).toEqual({
      candidates: all('9a 8a 7a 6a'),
      end: false,
      added: all('8a 6a'),
    })
  })
})

describe('what a slice says of the feed below a position', () => {
  it.each([
    { items: '9a 8a 7a', floor: 0, from: '', count: 2, candidates: '9a 8a', end: false },
    { items: '9a 8a 7a', floor: 0, from: '', count: 3, candidates: '9a 8a 7a', end: true },
    { items: '9a 8a 7a', floor: 0, from: '', count: 4, candidates: '9a 8a 7a', end: true },
    { items: '9a 8a 7a', floor: 6, from: '', count: 4, candidates: '9a 8a 7a', end: false },
    { items: '9a 8a 7a', floor: 7, from: '', count: 4, candidates: '9a 8a', end: false },
    { items: '9a 8b 8a', floor: 0, from: '8b', count: 4, candidates: '8a', end: true },
    { items: '9a 8a', floor: 0, from: '8a', count: 4, candidates: '', end: true },
    { items: '9a 8a', floor: 5, from: '3a', count: 4, candidates: '', end: false },
    { items: '', floor: 0, from: '', count: 1, candidates: '', end: true },
  ])('[$items] floor $floor, from "$from", $count → [$candidates], end $end', (row) => {
    const slice = { floor: row.floor, items: all(row.items) }
    const scan = scanAboveFloor(slice, row.from === '' ? undefined : at(row.from), row.count)
    expect(scan).toEqual({ candidates: all(row.candidates), end: row.end })
  })
})

describe('taking a page', () => {
  const hidden = new Set(all('8a 7a').map((item) => item.photoId))
  const isShown = (item: FeedPosition) => !hidden.has(item.photoId)

  it.each([
    { candidates: '9a 8a 7a 6a 5a', room: 1, shown: '9a', scanned: 1, last: '9a' },
    { candidates: '9a 8a 7a 6a 5a', room: 2, shown: '9a 6a', scanned: 4, last: '6a' },
    { candidates: '9a 8a 7a', room: 2, shown: '9a', scanned: 3, last: '7a' },
    { candidates: '8a 7a', room: 2, shown: '', scanned: 2, last: '7a' },
    { candidates: '', room: 2, shown: '', scanned: 0, last: '' },
  ])('takes [$shown] of [$candidates], room $room, cursor at $last', (row) => {
    expect(takePage(all(row.candidates), isShown, row.room)).toEqual({
      shown: all(row.shown),
      scanned: row.scanned,
      last: row.last === '' ? undefined : at(row.last),
    })
  })
})

describe('a photo that the viewer may see', () => {
  it.each<[PhotoStatus, Visibility, boolean, boolean, boolean]>([
    ['ready', 'public', true, false, true],
    ['ready', 'followers', true, false, true],
    ['ready', 'public', true, true, false],
    ['ready', 'public', false, false, false],
    ['ready', 'private', true, false, false],
    ['processing', 'public', true, false, false],
    ['quarantined', 'public', true, false, false],
  ])(
    '%s, %s, in the circle %s, muted %s: in the feed %s',
    (status, visibility, inViewersCircle, isMuted, inFeed) => {
      expect(isInFeed({ status, visibility, inViewersCircle, isMuted })).toBe(inFeed)
    },
  )
})
