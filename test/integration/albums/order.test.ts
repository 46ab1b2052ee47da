import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publishPhoto } from '../../support/factories/photos.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: AlbumWorld
let ann: Person
beforeAll(async () => {
  world = await openAlbumWorld()
  ann = await world.signUp()
})
afterAll(() => world?.close())

/** An album of Ann's with photos that were published in this order. */
async function albumOf(count: number, fields: object = {}): Promise<{ albumId: string; photos: string[] }> {
  const albumId = await world.album(ann, fields)
  const photos: string[] = []
  for (let n = 0; n < count; n++) {
    photos.push(await world.seedPhoto({ ownerId: ann.id, publishedAt: 1_700_000_000_000 + n }))
    await world.add(ann, albumId, photos[n]!)
  }
  return { albumId, photos }
}

const page = async (viewer: Person, albumId: string, query: string): Promise<Json> =>
  world.call('GET', `/v1/albums/${albumId}/photos?${query}`, { token: viewer.token })
const reorder = (albumId: string, order: string) =>
  world.call('PATCH', `/v1/albums/${albumId}`, { token: ann.token, body: { order } })

describe('photos by position', () => {
  it('are where they were put, and stay there when others move', async () => {
    const { albumId, photos } = await albumOf(5)
    const [a, b, c, d, e] = photos
    expect(await world.photosIn(ann, albumId, 2)).toEqual([a, b, c, d, e])
    const moves: [photo: string, to: number, expected: unknown[]][] = [
      [e!, 0, [e, a, b, c, d]],
      [e!, 0, [e, a, b, c, d]],
      [a!, 4, [e, b, c, d, a]],
      [a!, 3, [e, b, c, a, d]],
      [b!, 2, [e, c, b, a, d]],
      [c!, 20_000, [e, b, a, d, c]],
    ]
    for (const [photoId, to, expected] of moves) {
      expect(await world.add(ann, albumId, photoId, to)).toBe(204)
      expect(await world.photosIn(ann, albumId)).toEqual(expected)
    }
    // Put again without a position, it stays.
    expect(await world.add(ann, albumId, a!)).toBe(204)
    expect(await world.photosIn(ann, albumId)).toEqual([e, b, a, d, c])
    const fresh = await world.seedPhoto({ ownerId: ann.id })
    expect(await world.add(ann, albumId, fresh, 1)).toBe(204)
    expect(await world.photosIn(ann, albumId)).toEqual([e, fresh, b, a, d, c])
    for (const position of [-1, 1.5, '1', 20_001]) {
      const { status } = await world.call('PUT', `/v1/albums/${albumId}/photos/${a}`, {
        token: ann.token,
        body: { position },
      })
      expect(status).toBe(422)
    }
  })

  it('are counted as the one who moves them sees them', async () => {
    const [admin] = await world.people(1)
    const { albumId, photos } = await albumOf(4)
    await world.invite(ann, albumId, admin!, 'admin')
    const [a, b, c, d] = photos
    for (const narrowed of [a!, c!]) await world.editPhoto(ann, narrowed, { visibility: 'private' })
    expect(await world.photosIn(admin!, albumId)).toEqual([b, d])
    expect(await world.add(admin!, albumId, d!, 0)).toBe(204)
    expect(await world.photosIn(admin!, albumId)).toEqual([d, b])
    expect(await world.photosIn(ann, albumId)).toEqual([a, d, b, c])
    // A hidden photo is absent, whoever asks for it to be moved.
    expect(await world.add(admin!, albumId, a!, 0)).toBe(404)
  })

  it('do not break a running cursor when they move', async () => {
    const { albumId, photos } = await albumOf(8)
    const [a, b, c, d, e, f, g, h] = photos
    const first = await page(ann, albumId, 'limit=3')
    expect(first.body.items.map(({ id }: Json) => id)).toEqual([a, b, c])
    await world.add(ann, albumId, c!, 0)
    await world.add(ann, albumId, h!, 5)
    await world.remove(ann, albumId, f!)
    const rest = await page(ann, albumId, `limit=10&cursor=${first.body.nextCursor}`)
    expect(rest.body.items.map(({ id }: Json) => id)).toEqual([d, e, h, g])
  })

  it('are spaced anew when a position would get too long', async () => {
    const { albumId, photos } = await albumOf(4)
    const [a, b, c, d] = photos
    await world.db.primary({
      text: `UPDATE album_photos SET position = ('0.' || repeat('0', 199) || array_position($2::uuid[], photo_id))::numeric
             WHERE album_id = $1`,
      values: [albumId, photos],
    })
    const { body } = await page(ann, albumId, 'limit=2')
    expect(await world.add(ann, albumId, d!, 1)).toBe(204)
    expect(await world.photosIn(ann, albumId)).toEqual([a, d, b, c])
    expect((await page(ann, albumId, `limit=2&cursor=${body.nextCursor}`)).body.code).toBe('cursor_expired')
    const [row] = await world.db.primary<{ digits: number }>({
      text: 'SELECT max(scale(position)) AS digits FROM album_photos WHERE album_id = $1',
      values: [albumId],
    })
    expect(row!.digits).toBe(1)
  })
})

describe('photos by date', () => {
  it('are the latest published first, wherever they were put', async () => {
    const { albumId, photos } = await albumOf(5, { order: 'date' })
    expect(await world.photosIn(ann, albumId, 2)).toEqual([...photos].reverse())
    const { status, body } = await world.call('PUT', `/v1/albums/${albumId}/photos/${photos[0]}`, {
      token: ann.token,
      body: { position: 0 },
    })
    expect([status, body.errors[0].path]).toEqual([422, 'body.position'])
  })

  it('move to their date when they are published', async () => {
    const { albumId, photos } = await albumOf(2, { order: 'date' })
    const late = await world.seedPhoto({ ownerId: ann.id, status: 'processing' })
    await world.add(ann, albumId, late)
    await world.db.primary({
      text: `UPDATE album_photos SET score = 1 WHERE photo_id = $1`,
      values: [late],
    })
    await publishPhoto(world.db, late)
    expect(await world.photosIn(ann, albumId)).toEqual([late, photos[1], photos[0]])
  })

  it('and by position are two lists: a cursor of one ends with it', async () => {
    const { albumId, photos } = await albumOf(4)
    const { nextCursor } = (await page(ann, albumId, 'limit=1')).body
    await reorder(albumId, 'date')
    const answer = await page(ann, albumId, `limit=1&cursor=${nextCursor}`)
    expect([answer.status, answer.body.code]).toEqual([410, 'cursor_expired'])
    expect(await world.photosIn(ann, albumId, 3)).toEqual([...photos].reverse())
    await reorder(albumId, 'position')
    expect(await world.photosIn(ann, albumId, 3)).toEqual(photos)
    expect((await page(ann, albumId, `limit=1&cursor=${nextCursor}`)).status).toBe(410)
    const [stranger] = await world.people(1)
    expect((await page(stranger!, albumId, `limit=1&cursor=${nextCursor}`)).status).toBe(404)
  })
})

describe('an album of 20,000 photos', () => {
  const COUNT = 20_000
  const BATCH = 1_000
  let albumId: string
  let member: Person
  beforeAll(async () => {
    const [one] = await world.people(1)
    member = one!
    albumId = await world.album(ann, { visibility: 'public' })
    await world.invite(ann, albumId, member)
    for (let from = 1; from <= COUNT; from += BATCH) {
      await world.db.primary({
        text: `WITH made AS (
                 INSERT INTO photos (photo_id, owner_id, visibility, status, storage_key, content_type, bytes,
                   upload_expires_at, published_at, score)
                 SELECT gen_random_uuid(), $2, 'private', 'ready', 'k', 'image/jpeg', 1, now(), now(), n
                 FROM generate_series($3::integer, $3 + ${BATCH} - 1) n RETURNING photo_id, score)
               INSERT INTO album_photos (album_id, photo_id, added_by, position, score)
               SELECT $1, photo_id, $2, score, score FROM made`,
        values: [albumId, ann.id, from],
      })
    }
  }, 60_000)

  const inOrder = async (by: string) =>
    (
      await world.db.primary<{ photo_id: string }>({
        text: `SELECT photo_id FROM album_photos WHERE album_id = $1 ORDER BY ${by}`,
        values: [albumId],
      })
    ).map((row) => row.photo_id)

  it.each([
    ['position', 'position'],
    ['date', 'score DESC'],
  ])(
    'is walked to its end by %s',
    async (order, by) => {
      await reorder(albumId, order)
      expect(await world.photosIn(member, albumId)).toEqual(await inOrder(by))
    },
    120_000,
  )

  it('is full', async () => {
    expect(await world.seen(member, albumId)).toMatchObject({ photoCount: COUNT })
    expect(await world.add(ann, albumId, await world.seedPhoto({ ownerId: ann.id }))).toBe(403)
  })

  it('shows a stranger nothing in empty pages, each of which looks at 500', async () => {
    const [stranger] = await world.people(1)
    let pages = 0
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const { body } = await page(stranger!, albumId, `limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(body.items).toEqual([])
      cursor = body.nextCursor
    }
    expect(pages).toBe(COUNT / 500 + 1)
  })

  it('ends for a contributor who leaves with all of it, in one request', async () => {
    await world.transfer(ann, albumId, member)
    expect(await world.leave(ann, albumId)).toBe(204)
    expect(await world.seen(member, albumId)).toMatchObject({ photoCount: 0 })
    expect(await world.photosIn(member, albumId)).toEqual([])
  }, 30_000)
})
