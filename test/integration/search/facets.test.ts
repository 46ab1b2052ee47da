import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../../src/domain/viewer.ts'
import { FACETS } from '../../../src/domain/facets.ts'
import { block } from '../../support/factories/blocks-and-mutes.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const as = (userId: string): Viewer => ({ kind: 'user', userId })
const LUZERN = { latitude: 47.0505, longitude: 8.3064 }
const SYDNEY = { latitude: -33.8568, longitude: 151.2153 }
const FIJI_WEST = { latitude: -16.8, longitude: 179.98 }
const FIJI_EAST = { latitude: -16.8, longitude: -179.98 }

describe('facets', () => {
  it('count values over all matches, the most frequent first', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    await world.publish(
      {
        owner,
        caption: `${q} #sea #Zürich`,
        camera: 'Canon EOS R5',
        takenAt: '2024-05-01T12:00:00',
        location: LUZERN,
      },
      {
        owner,
        caption: `${q} #zurich`,
        camera: 'Canon EOS R5',
        takenAt: '2023-12-31T23:59:59',
        location: SYDNEY,
      },
      { owner, caption: q, camera: 'FUJIFILM X-T4', takenAt: '2024-01-01T00:00:00', location: LUZERN },
    )
    const { facets } = await world.searchPage(ANYONE, { q, limit: 1, facets: FACETS, zoom: 2 })
    expect(facets).toEqual({
      tags: [
        { value: 'zurich', count: 2 },
        { value: 'sea', count: 1 },
      ],
      years: [
        { value: '2024', count: 2 },
        { value: '2023', count: 1 },
      ],
      cameras: [
        { value: 'Canon EOS R5', count: 2 },
        { value: 'FUJIFILM X-T4', count: 1 },
      ],
      places: [
        { value: 'Luzern, Switzerland', count: 2 },
        { value: expect.stringContaining('Australia'), count: 1 },
      ],
      tiles: [
        { tile: '2/2/1', count: 2, latitude: expect.closeTo(47.05, 2), longitude: expect.closeTo(8.306, 2) },
        {
          tile: '2/3/2',
          count: 1,
          latitude: expect.closeTo(-33.857, 2),
          longitude: expect.closeTo(151.215, 2),
        },
      ],
    })
  })

  it('give values that find what they count', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    await world.publish({ owner, caption: q, camera: 'Canon EOS R5', location: SYDNEY })
    const { facets } = await world.searchPage(ANYONE, { q, limit: 1, facets: ['places', 'cameras'] })
    const [place, camera] = [facets!.places![0]!.value, facets!.cameras![0]!.value]
    expect(await world.find(ANYONE, { q, place, camera })).toHaveLength(1)
  })

  it('have tiles on both sides of the date line', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    await world.publish(
      { owner, caption: q, location: FIJI_WEST },
      { owner, caption: q, location: FIJI_EAST },
    )
    const { facets } = await world.searchPage(ANYONE, { q, limit: 1, facets: ['tiles'], zoom: 3 })
    expect(facets!.tiles!.map(({ tile, count }) => [tile, count])).toEqual([
      ['3/0/4', 1],
      ['3/7/4', 1],
    ])
  })

  it('come with the first page alone, and only if asked for', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    await world.publish({ owner, caption: `${q} #a1` }, { owner, caption: `${q} #a1` })
    const first = await world.searchPage(ANYONE, { q, limit: 1, facets: ['tags'] })
    expect(first.facets).toEqual({ tags: [{ value: 'a1', count: 2 }] })
    const cursor = first.nextCursor!
    expect((await world.searchPage(ANYONE, { q, limit: 1, facets: ['tags'], cursor })).facets).toBeUndefined()
    expect((await world.searchPage(ANYONE, { q, limit: 1 })).facets).toBeUndefined()
  })

  it('tell each viewer only of what they see and what is shared with them', async () => {
    const owner = await world.addUser()
    const [follower, blocked] = [await world.addUser(), await world.addUser()]
    for (const reader of [follower, blocked]) await world.follow(reader, owner)
    await block(world.db, owner, blocked)
    await settle(world.db)
    const q = freshWord()
    const facts = { location: LUZERN, camera: 'Canon EOS R5', takenAt: '2024-05-01T12:00:00' }
    const withheld = { shareLocation: false, shareCamera: false, shareTakenAt: false }
    await world.publish(
      ...(['public', 'followers', 'private'] as const).flatMap((visibility, at) =>
        [{}, withheld].map((sharing) => ({
          owner,
          caption: `${q} #tag`,
          visibility,
          publishedAt: minutes(at),
          ...facts,
          ...sharing,
        })),
      ),
    )
    for (const [viewer, seen, shared] of [
      [ANYONE, 2, 1],
      [as(await world.addUser()), 2, 1],
      [as(follower), 4, 2],
      [as(blocked), 0, 0],
      [as(owner), 6, 6],
    ] as const) {
      const { facets, total } = await world.searchPage(viewer, { q, limit: 1, facets: FACETS })
      expect(total).toBe(seen)
      const counts = Object.fromEntries(
        Object.entries(facets!).map(([name, [first]]) => [name, first?.count ?? 0]),
      )
      expect(counts).toEqual({ tags: seen, years: shared, cameras: shared, places: shared, tiles: shared })
    }
  })
})

describe('did you mean', () => {
  it('proposes words of photos that the viewer sees', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    await world.publish({ owner, caption: `${mark} An old lighthouse` })
    const page = await world.searchPage(ANYONE, { q: `${mark} lighthuose`, limit: 1 })
    expect(page).toMatchObject({ items: [], total: 0, didYouMean: `${mark} lighthouse` })
    const found = await world.searchPage(ANYONE, { q: page.didYouMean!, limit: 1 })
    expect(found).toMatchObject({ total: 1, didYouMean: null })
  })

  it('knows no words of photos that the viewer does not see', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [secret] = await world.publish(
      { owner, caption: `${mark} secretword`, visibility: 'private' },
      { owner, caption: `${mark} narrowedword` },
    )
    const meant = async (viewer: Viewer, q: string) =>
      (await world.searchPage(viewer, { q, limit: 1 })).didYouMean
    expect(await meant(ANYONE, `${mark} secretwrod`)).toBeNull()
    expect(await meant(as(owner), `${mark} secretwrod`)).toBe(`${mark} secretword`)
    expect(await meant(ANYONE, `${mark} narrowedwrod`)).toBe(`${mark} narrowedword`)
    const [narrowed] = await world.find(ANYONE, { q: `${mark} narrowedword` })
    await world.edit(narrowed!, { visibility: 'private' })
    expect(await meant(ANYONE, `${mark} narrowedwrod`)).toBeNull()
    expect(secret).toBeDefined()
  })
})

describe('highlights', () => {
  it('mark what was asked for in the texts that are shown now', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [photoId] = await world.publish({
      owner,
      caption: `🌅 Running ${mark} #Sea`,
      altText: 'The sea',
    })
    const look = async (q: string) => (await world.searchPage(ANYONE, { q, limit: 1 })).items[0]!.highlights
    expect(await look('runs #sea sea')).toEqual([
      {
        field: 'caption',
        ranges: [
          [2, 9],
          [11 + mark.length, 15 + mark.length],
        ],
      },
      { field: 'altText', ranges: [[4, 7]] },
    ])
    await world.edit(photoId!, { caption: `${mark} #Sea` })
    expect(await look(`${mark} runs`)).toEqual([{ field: 'caption', ranges: [[0, mark.length]] }])
  })
})
