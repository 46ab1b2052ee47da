import { describe, expect, it } from 'vitest'
import { ANYONE, freshWord, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const DAY_MS = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS - 60_000)

/** Captions by name, each with its age in days and its likes, in the order that people expect of their search. */
type Judged = readonly (readonly [
  name: string,
  photo: { caption?: string; altText?: string; days: number; likes?: number },
])[]

const CASES: readonly (readonly [q: string, judged: Judged])[] = [
  [
    'lighthouse',
    [
      ['tagged and said', { caption: 'The lighthouse #lighthouse', days: 400 }],
      ['tagged', { caption: 'Evening #lighthouse', days: 401 }],
      ['said today', { caption: 'At the lighthouse', days: 0 }],
      ['said long ago, liked', { caption: 'A lighthouse', days: 500, likes: 20 }],
      ['said long ago', { caption: 'lighthouse', days: 450 }],
      ['said longer ago', { caption: 'lighthouse', days: 600 }],
      ['described', { altText: 'A lighthouse', days: 410 }],
      ['in another form', { caption: 'Many lighthouses', days: 420 }],
    ],
  ],
  [
    'old harbour',
    [
      ['both said', { caption: 'The old harbour', days: 900 }],
      ['one described', { caption: 'harbour', altText: 'an old one', days: 800 }],
      ['both described, new and loved', { altText: 'an old harbour', days: 300, likes: 4 }],
      ['both described', { altText: 'an old harbour', days: 700 }],
    ],
  ],
  [
    'dawn',
    [
      ['loved this week', { caption: 'dawn', days: 3, likes: 5_000 }],
      ['loved long ago', { caption: 'dawn', days: 1_000, likes: 5_000 }],
      ['today', { caption: 'dawn', days: 0 }],
      ['this week', { caption: 'dawn', days: 5 }],
      ['this month', { caption: 'dawn', days: 20 }],
      ['this year', { caption: 'dawn', days: 200 }],
      ['before', { caption: 'dawn', days: 2_000 }],
    ],
  ],
]

describe('relevance', () => {
  it.each(CASES)('of photos for %j is as judged, and paging keeps it', async (q, judged) => {
    const owner = await world.addUser()
    const mark = `#${freshWord()}`
    const ids = await world.publish(
      ...judged.map(([, { caption = '', days, ...photo }]) => ({
        owner,
        caption: `${caption} ${mark}`,
        publishedAt: daysAgo(days),
        ...photo,
      })),
    )
    const names = new Map(ids.map((photoId, at) => [photoId, judged[at]![0]]))
    for (const limit of [1, 3, 20]) {
      const found = await world.find(ANYONE, { q: `${q} ${mark}`, limit })
      expect(found.map((photoId) => names.get(photoId))).toEqual(judged.map(([name]) => name))
    }
    const byTime = [...judged].sort(([, one], [, other]) => one.days - other.days).map(([name]) => name)
    const recent = await world.find(ANYONE, { q: `${q} ${mark}`, sort: 'recent' })
    expect(recent.map((photoId) => names.get(photoId))).toEqual(byTime)
  })
})
