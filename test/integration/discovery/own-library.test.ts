import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { countTiles } from '../../../src/domain/tiles.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let other: Person
beforeAll(async () => {
  world = await openApiWorld()
  other = await world.signUp()
  await taken(other, '2020-05-01T12:00:00', { latitude: 47, longitude: 8 })
})
afterAll(() => world?.close())

/** A published photo, taken then and there. */
async function taken(
  { id: ownerId, token }: Person,
  takenAt: string | null,
  location: { latitude: number; longitude: number } | null = null,
): Promise<PhotoId> {
  const photoId = await world.seedPhoto({ ownerId, visibility: 'private' })
  const { status } = await world.call('PATCH', `/v1/photos/${photoId}`, {
    token,
    body: { takenAt, location },
  })
  expect(status).toBe(200)
  return photoId
}

async function read({ token }: Person, path: string): Promise<Json> {
  const { status, body } = await world.call('GET', `/v1/me/${path}`, { token })
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

describe('GET /me/timeline', () => {
  it('counts months by the clocks where photos were taken, page by page', async () => {
    const ann = await world.signUp()
    await taken(ann, '2024-12-31T23:30:00-11:00')
    await taken(ann, '2025-01-01T00:30:00+14:00')
    await taken(ann, '2025-01-31T10:00:00')
    const undated = await taken(ann, null)
    await taken(ann, '1999-07-01T10:00:00')
    const now = new Date().toISOString().slice(0, 7)
    const months = [
      { month: now, count: 1 },
      { month: '2025-01', count: 2 },
      { month: '2024-12', count: 1 },
      { month: '1999-07', count: 1 },
    ]
    expect(await read(ann, 'timeline')).toEqual({ items: months, nextCursor: null })
    const first = await read(ann, 'timeline?limit=3')
    expect(first.items).toEqual(months.slice(0, 3))
    expect(await read(ann, `timeline?limit=3&cursor=${first.nextCursor}`)).toEqual({
      items: months.slice(3),
      nextCursor: null,
    })
    await world.call('DELETE', `/v1/photos/${undated}`, { token: ann.token })
    expect((await read(ann, 'timeline')).items).toEqual(months.slice(1))
  })

  it('is empty without photos', async () => {
    expect(await read(await world.signUp(), 'timeline')).toEqual({ items: [], nextCursor: null })
  })
})

describe('GET /me/memories', () => {
  const years = ({ items }: Json) =>
    items.map(({ year, count, photos }: Json) => [year, count, photos.map(({ id }: Json) => id)])

  it('shows the same day of earlier years, latest first', async () => {
    const ann = await world.signUp()
    const late = await taken(ann, '2024-05-01T23:59:59-10:00')
    const early = await taken(ann, '2024-05-01T00:00:00')
    const old = await taken(ann, '1987-05-01T12:00:00Z')
    await taken(ann, '2024-05-02T00:00:00')
    await taken(ann, '2026-05-01T12:00:00')
    await taken(ann, null)
    const expected = [
      [2024, 2, [early, late]],
      [1987, 1, [old]],
    ]
    expect(years(await read(ann, 'memories?date=2026-05-01'))).toEqual(expected)
    const first = await read(ann, 'memories?date=2026-05-01&limit=1')
    expect(years(first)).toEqual(expected.slice(0, 1))
    const rest = await read(ann, `memories?date=2026-05-01&limit=1&cursor=${first.nextCursor}`)
    expect(years(rest)).toEqual(expected.slice(1))
    expect(rest.nextCursor).toBeNull()
    expect(years(await read(ann, 'memories?date=2024-05-01'))).toEqual(expected.slice(1))
  })

  it('remembers a leap day on the 28th where there is no 29th', async () => {
    const ann = await world.signUp()
    const leap = await taken(ann, '2020-02-29T12:00:00')
    const eve = await taken(ann, '2020-02-28T12:00:00')
    expect(years(await read(ann, 'memories?date=2025-02-28'))).toEqual([[2020, 2, [eve, leap]]])
    expect(years(await read(ann, 'memories?date=2024-02-28'))).toEqual([[2020, 1, [eve]]])
    expect(years(await read(ann, 'memories?date=2024-02-29'))).toEqual([[2020, 1, [leap]]])
    expect(years(await read(ann, 'memories?date=2025-03-01'))).toEqual([])
  })

  it('shows ten photos of a day, and counts them all', async () => {
    const ann = await world.signUp()
    const ids = []
    for (let hour = 10; hour < 22; hour++) ids.push(await taken(ann, `2021-08-09T${hour}:00:00`))
    expect(years(await read(ann, 'memories?date=2026-08-09'))).toEqual([[2021, 12, ids.slice(0, 10)]])
  })

  it.each(['2025-02-29', '2025-13-01', '1700-01-01', '0000-01-01', 'today', ''])(
    'refuses the date %s',
    async (date) => {
      const answer = await world.call('GET', `/v1/me/memories?date=${date}`, { token: other.token })
      expect(answer.status).toBe(422)
    },
  )
})

describe('GET /me/map', () => {
  it('counts photos by tiles, also across the 180th meridian', async () => {
    const ann = await world.signUp()
    await taken(ann, null, { latitude: 47.05, longitude: 8.31 })
    const latest = await taken(ann, null, { latitude: 47.06, longitude: 8.32 })
    const fiji = await taken(ann, null, { latitude: -17, longitude: 179.5 })
    const taveuni = await taken(ann, null, { latitude: -17, longitude: -179.5 })
    await taken(ann, null)
    const zurich = { tile: '4/8/5', count: 2, latitude: 47.055, longitude: 8.315, photoId: latest }
    const tiles = async (query: string) =>
      (await read(ann, `map?${query}`)).items.map(({ tile, count }: Json) => [tile, count])
    const { items } = await read(ann, 'map?bbox=5,45,11,48&zoom=4')
    expect(items).toEqual([{ ...zurich, latitude: expect.closeTo(47.055), longitude: expect.closeTo(8.315) }])
    expect(await tiles('bbox=179,-20,-179,-10&zoom=4')).toEqual([
      ['4/0/8', 1],
      ['4/15/8', 1],
    ])
    expect(await tiles('bbox=-180,-90,180,90&zoom=0')).toEqual([['0/0/0', 4]])
    expect(await tiles('bbox=-10,-20,10,-10&zoom=4')).toEqual([])
    for (const photo of [fiji, taveuni])
      await world.call('DELETE', `/v1/photos/${photo}`, { token: ann.token })
    expect(await tiles('bbox=-180,-90,180,90&zoom=0')).toEqual([['0/0/0', 2]])
  })

  it('puts every place into the tile that a client would', async () => {
    const degrees = (most: number) => fc.double({ min: -most, max: most, noNaN: true })
    const places = fc.sample(
      fc.record({ latitude: degrees(90), longitude: degrees(180), zoom: fc.integer({ min: 0, max: 22 }) }),
      25,
    )
    const corners = [-90, 0, 90].flatMap((latitude) =>
      [-180, 0, 180].map((longitude) => ({ latitude, longitude, zoom: 5 })),
    )
    for (const { latitude, longitude, zoom } of [...places, ...corners]) {
      const ann = await world.signUp()
      const photoId = await world.seedPhoto({ ownerId: ann.id })
      await world.db.primary({
        text: 'UPDATE photos SET latitude = $2, longitude = $3 WHERE photo_id = $1',
        values: [photoId, latitude, longitude],
      })
      const at = (degrees: number) => degrees.toFixed(12)
      const [south, north] = [Math.max(-90, latitude - 1e-9), Math.min(90, latitude + 1e-9)]
      const [west, east] = [Math.max(-180, longitude - 1e-9), Math.min(180, longitude + 1e-9)]
      const { items } = await read(
        ann,
        `map?bbox=${at(west)},${at(south)},${at(east)},${at(north)}&zoom=${zoom}`,
      )
      expect(items).toHaveLength(1)
      const [z, column, row] = items[0].tile.split('/').map(Number)
      expect(z).toBe(zoom)
      const size = 2 ** zoom
      const clamped = (Math.max(-85.05112878, Math.min(85.05112878, latitude)) * Math.PI) / 180
      const mercator = (1 - Math.log(Math.tan(clamped) + 1 / Math.cos(clamped)) / Math.PI) / 2
      expect(Math.abs(column + 0.5 - ((longitude + 180) / 360) * size)).toBeLessThan(0.501)
      expect(Math.abs(row + 0.5 - mercator * size)).toBeLessThan(0.501)
      expect(countTiles({ west, south, east, north }, zoom)).toBeGreaterThan(0)
    }
  })

  it.each([
    ['bbox=-180,-90,180,90&zoom=7', 'too many tiles'],
    ['bbox=1,2,3&zoom=7', 'three numbers'],
    ['bbox=1,3,2,1&zoom=7', 'upside down'],
    ['bbox=1,1,2,2&zoom=23', 'too near'],
    ['bbox=1,1,2,2', 'no zoom'],
    ['zoom=2', 'no box'],
  ])('refuses %s: %s', async (query) => {
    expect((await world.call('GET', `/v1/me/map?${query}`, { token: other.token })).status).toBe(422)
  })
})
