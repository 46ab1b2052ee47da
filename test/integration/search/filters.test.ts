import { rgbaToThumbHash } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../../src/domain/viewer.ts'
import type { PhotoFilters } from '../../../src/services/search/search-filters.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()

const LUZERN = { latitude: 47.0505, longitude: 8.3064 }
const SYDNEY = { latitude: -33.8568, longitude: 151.2153 }
const FIJI_WEST = { latitude: -16.8, longitude: 179.98 }
const FIJI_EAST = { latitude: -16.8, longitude: -179.98 }
const NORTH_POLE = { latitude: 90, longitude: 0 }

/** A square of one colour. */
const plain = (red: number, green: number, blue: number) =>
  Buffer.from(
    rgbaToThumbHash(
      10,
      10,
      Uint8Array.from({ length: 400 }, (_, at) => [red, green, blue, 255][at % 4]!),
    ),
  ).toString('base64')

describe('places', () => {
  it('are found near a point and within a box, across the date line too', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const locations = [LUZERN, SYDNEY, FIJI_WEST, FIJI_EAST, NORTH_POLE]
    const ids = await world.publish(
      ...locations.map((location, at) => ({ owner, caption: q, location, publishedAt: minutes(-at) })),
    )
    const [luzern, sydney, fijiWest, fijiEast, pole] = ids
    const find = (filters: PhotoFilters) => world.find(ANYONE, { q, ...filters })
    expect(await find({ near: { latitude: 47.06, longitude: 8.3 } })).toEqual([luzern])
    expect(await find({ near: { latitude: 47.06, longitude: 8.3 }, radius: 0.5 })).toEqual([])
    expect(await find({ near: { latitude: -16.8, longitude: 180 }, radius: 5 })).toEqual([fijiWest, fijiEast])
    expect(await find({ near: { latitude: 90, longitude: 135 }, radius: 1 })).toEqual([pole])
    expect(await find({ bbox: { west: 8, south: 47, east: 9, north: 48 } })).toEqual([luzern])
    expect(await find({ bbox: { west: 179, south: -17, east: -179, north: -16 } })).toEqual([
      fijiWest,
      fijiEast,
    ])
    expect(await find({ bbox: { west: -180, south: -90, east: 180, north: 90 } })).toEqual(ids)
    expect(await find({ bbox: { west: -180, south: 89, east: 180, north: 90 } })).toEqual([pole])
    expect(await find({ bbox: { west: 9, south: -90, east: 8, north: 0 } })).toEqual([
      sydney,
      fijiWest,
      fijiEast,
    ])
  })

  it('are found by the names of city, region and country, folded', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [luzern] = await world.publish(
      { owner, caption: q, location: LUZERN },
      { owner, caption: q, location: SYDNEY },
      { owner, caption: q },
    )
    for (const place of [
      'Luzern',
      'lüzern',
      'SWITZERLAND',
      'ch',
      'Luzern, Switzerland',
      'Lucerne, CH',
      ',Luzern,',
    ]) {
      expect(await world.find(ANYONE, { q, place }), place).toEqual([luzern])
    }
    for (const place of [
      'Luz',
      'Luzern, Australia',
      'Luzern Switzerland',
      '*',
      ',',
      '.*',
      '👋',
      'South Wales New',
    ]) {
      expect(await world.find(ANYONE, { q, place }), place).toEqual([])
    }
  })
})

describe('cameras, times, shapes and colours', () => {
  it('are found by words of camera and lens', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [canon] = await world.publish(
      { owner, caption: q, camera: 'Canon EOS R5', lens: 'RF24-70mm F2.8 L IS USM' },
      { owner, caption: q, camera: 'FUJIFILM X-T4', lens: 'XF35mmF1.4 R' },
      { owner, caption: q },
    )
    for (const camera of ['canon', 'EOS r5', 'Canon EOS R5'])
      expect(await world.find(ANYONE, { q, camera }), camera).toEqual([canon])
    for (const camera of ['R5 Canon', 'can', '*', '?'])
      expect(await world.find(ANYONE, { q, camera }), camera).toEqual([])
    expect(await world.find(ANYONE, { q, lens: 'rf24-70mm f2.8' })).toEqual([canon])
  })

  it('are found by the local time they were taken, before 1970 too', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [old, eve, none] = await world.publish(
      { owner, caption: q, takenAt: '1931-05-01T12:00:00', publishedAt: minutes(3) },
      { owner, caption: q, takenAt: '2024-12-31T23:59:59', publishedAt: minutes(2) },
      { owner, caption: q, publishedAt: minutes(1) },
    )
    const day = (text: string) => new Date(text)
    expect(await world.find(ANYONE, { q, takenTo: day('1970-01-01') })).toEqual([old])
    expect(await world.find(ANYONE, { q, takenFrom: day('2024-01-01'), takenTo: day('2025-01-01') })).toEqual(
      [eve],
    )
    expect(await world.find(ANYONE, { q, takenFrom: day('2025-01-01') })).toEqual([])
    expect(await world.find(ANYONE, { q })).toEqual([old, eve, none])
  })

  it('are found by orientation and by the colours that cover most', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [wide, tall, square] = await world.publish(
      { owner, caption: q, width: 300, height: 200, thumbhash: plain(90, 150, 230) },
      { owner, caption: q, width: 200, height: 300, thumbhash: plain(70, 140, 40) },
      { owner, caption: q, width: 300, height: 299 },
    )
    expect(await world.find(ANYONE, { q, orientation: 'landscape' })).toEqual([wide])
    expect(await world.find(ANYONE, { q, orientation: 'portrait' })).toEqual([tall])
    expect(await world.find(ANYONE, { q, orientation: 'square' })).toEqual([square])
    expect(await world.find(ANYONE, { q, color: 'blue' })).toEqual([wide])
    expect(await world.find(ANYONE, { q, color: 'green' })).toEqual([tall])
  })

  it('refuse a radius without a point', async () => {
    await expect(world.searchPage(ANYONE, { radius: 5, limit: 1 })).rejects.toMatchObject({
      code: 'invalid',
      fields: [{ path: 'query.radius' }],
    })
  })
})

describe('what an owner does not share', () => {
  const BY_PLACE: PhotoFilters[] = [
    { near: LUZERN },
    { place: 'Luzern' },
    { bbox: { west: 8, south: 47, east: 9, north: 48 } },
  ]
  const BY_CAMERA: PhotoFilters[] = [{ camera: 'canon' }, { lens: 'rf50mm' }]
  const BY_TIME: PhotoFilters[] = [{ takenFrom: new Date('2024-01-01') }, { takenTo: new Date('2025-01-01') }]
  const ALL = [...BY_PLACE, ...BY_CAMERA, ...BY_TIME]
  const facts = { location: LUZERN, camera: 'Canon EOS R5', lens: 'RF50mm', takenAt: '2024-05-01T12:00:00' }

  it.each([
    ['shareLocation', BY_PLACE],
    ['shareCamera', BY_CAMERA],
    ['shareTakenAt', BY_TIME],
  ] as const)('%s decides what others find it by', async (flag, hidden) => {
    const owner = await world.addUser()
    const follower = await world.addUser()
    await world.follow(follower, owner)
    const q = freshWord()
    const [photoId] = await world.publish({ owner, caption: q, ...facts, [flag]: false })
    for (const filters of ALL) {
      const found = hidden.includes(filters) ? [] : [photoId]
      for (const viewer of [ANYONE, { kind: 'user', userId: follower }] satisfies Viewer[]) {
        const page = await world.searchPage(viewer, { q, ...filters, limit: 5 })
        expect(
          page.items.map((card) => card.photoId),
          JSON.stringify(filters),
        ).toEqual(found)
        expect(page.total).toBe(found.length)
      }
      expect(await world.find({ kind: 'user', userId: owner }, { q, ...filters })).toEqual([photoId])
    }
  })

  it('follows each edit once it is indexed', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [photoId] = await world.publish({ owner, caption: q, ...facts })
    const foundAfter = async (changes: Parameters<typeof world.edit>[1]) => {
      await world.edit(photoId!, changes)
      await world.searchIndex.indexPhoto(photoId!)
      await Promise.all([world.refresh(), settle(world.db)])
      const found = await Promise.all(ALL.map((filters) => world.find(ANYONE, { q, ...filters })))
      return found.map((ids) => ids.length).join('')
    }
    expect(await foundAfter({ shareLocation: false })).toBe('0001111')
    expect(await foundAfter({ shareLocation: true, shareCamera: false })).toBe('1110011')
    expect(await foundAfter({ location: SYDNEY, shareCamera: true })).toBe('0001111')
    expect(await foundAfter({ location: null, takenAt: null })).toBe('0001100')
  })
})
