import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlbumId, PhotoId } from '../../src/domain/ids.ts'
import type { UserViewer } from '../../src/domain/viewer.ts'
import { createAlbumPhotos, type AlbumPhotos } from '../../src/services/albums/album-photos.ts'
import { forgetful } from '../support/factories/outbox.ts'
import { openAlbumWorld, type AlbumWorld } from '../support/worlds/album-world.ts'
import type { Person } from '../support/worlds/api-world.ts'

/** Quick by default; PROPERTY_RUNS=1000 is the thorough size, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 4)
const SEED = process.env.PROPERTY_SEED
const PHOTOS = 6

const photo = fc.nat(PHOTOS - 1)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      photo,
      at: fc.option(fc.nat(PHOTOS), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), photo }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

describe('the order of an album', () => {
  let world: AlbumWorld
  let albumPhotos: AlbumPhotos
  let ann: Person
  let viewer: UserViewer
  let photos: PhotoId[]
  beforeAll(async () => {
    world = await openAlbumWorld()
    albumPhotos = createAlbumPhotos({ db: world.db, outbox: forgetful(world.db) })
    ann = await world.signUp()
    viewer = { kind: 'user', userId: ann.id }
    photos = await Promise.all(Array.from({ length: PHOTOS }, () => world.seedPhoto({ ownerId: ann.id })))
  })
  afterAll(() => world?.close())

  const take = (albumId: AlbumId, { photo: index, ...what }: Step) =>
    what.do === 'put'
      ? albumPhotos.put(viewer, albumId, photos[index]!, { index: what.at })
      : albumPhotos.remove(viewer, albumId, photos[index]!)

  /** The same on an array. */
  function expected(order: readonly number[], { photo: index, ...what }: Step): number[] {
    const others = order.filter((other) => other !== index)
    if (what.do === 'remove') return others
    if (what.at === undefined) return order.includes(index) ? [...order] : [...others, index]
    return others.toSpliced(what.at, 0, index)
  }

  const parameters = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }

  it('is that of an array, whatever is put, moved and removed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const albumId = await world.album(ann)
        let order: number[] = []
        for (const one of steps) {
          await take(albumId, one)
          order = expected(order, one)
        }
        expect(await world.photosIn(ann, albumId, 4)).toEqual(order.map((index) => photos[index]))
      }),
      parameters,
    )
  }, 300_000)

  it('loses no photo and has no place twice when many move at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const albumId = await world.album(ann)
        for (const photoId of photos) await albumPhotos.put(viewer, albumId, photoId)
        await Promise.all(steps.map((one) => take(albumId, one)))
        const shown = (await world.photosIn(ann, albumId, 4))!
        expect(new Set(shown).size).toBe(shown.length)
        const touched = new Set(steps.filter((one) => one.do === 'remove').map((one) => photos[one.photo]!))
        for (const photoId of photos) if (!touched.has(photoId)) expect(shown).toContain(photoId)
        expect(await world.albumContradictions()).toEqual([])
        const [row] = await world.db.primary<{ places: number }>({
          text: 'SELECT count(DISTINCT position)::integer AS places FROM album_photos WHERE album_id = $1',
          values: [albumId],
        })
        expect(row!.places).toBe(shown.length)
      }),
      parameters,
    )
  }, 300_000)

  it('survives 700 moves to the same place, with cursors that fit', async () => {
    const albumId = await world.album(ann)
    for (const photoId of photos) await albumPhotos.put(viewer, albumId, photoId)
    let order = photos.map((_, index) => index)
    for (let n = 0; n < 700; n++) {
      const move: Step = { do: 'put', photo: n % 2 ? 4 : 5, at: 1 }
      await take(albumId, move)
      order = expected(order, move)
    }
    expect(await world.photosIn(ann, albumId, 1)).toEqual(order.map((index) => photos[index]))
  }, 300_000)
})
