import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { sweepTrash } from '../../../src/services/photos/sweep-trash.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
let bob: Person
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
  bob = await world.signUp()
  await ok(bob, 'PUT', `/users/${ann.username}/follow`)
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token: who?.token, ...(body === undefined ? {} : { body }) })

async function ok(who: Person | undefined, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await call(who, method, path, body)
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}`)
  return answer.body
}

const statusOf = async (who: Person | undefined, method: string, path: string) =>
  (await call(who, method, path)).status
const trash = (photoId: PhotoId) => ok(ann, 'DELETE', `/photos/${photoId}`)
const restore = (photoId: PhotoId) => call(ann, 'POST', `/photos/${photoId}/restore`)
const erase = (photoId: PhotoId) => call(ann, 'DELETE', `/photos/${photoId}?permanent=true`)
const trashed = async (who = ann): Promise<Json[]> => (await ok(who, 'GET', '/me/trash?limit=100')).items
const idsOf = (items: Json[]) => items.map(({ photo, id }: Json) => (photo?.id ?? id) as PhotoId)
const ids = async (who: Person | undefined, path: string) => idsOf((await ok(who, 'GET', path)).items)

async function rowOf(photoId: PhotoId) {
  const [row] = await world.db.primary<{ status: string; version: number; access_epoch: number }>({
    text: 'SELECT status, version, access_epoch FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!
}

/** As if the photo had been trashed this long ago and its time were over. */
const runOut = (photoId: PhotoId) =>
  world.db.primary({
    text: `UPDATE trashed_photos SET erases_at = now() - interval '1 second' WHERE photo_id = $1`,
    values: [photoId],
  })

describe('a photo in the trash', () => {
  it('is listed by its owner alone, with the time that is left', async () => {
    const [first, second] = [
      await world.seedPhoto({ ownerId: ann.id, caption: 'Fog #zürich' }),
      await world.seedPhoto({ ownerId: ann.id }),
    ]
    await trash(first)
    await trash(second)
    const items = await trashed()
    expect(idsOf(items).slice(0, 2)).toEqual([second, first])
    const { photo, deletedAt, erasesAt } = items[1]!
    expect(photo).toMatchObject({ id: first, status: 'trashed', caption: 'Fog #zürich', tags: ['zürich'] })
    expect(Date.parse(erasesAt) - Date.parse(deletedAt)).toBe(30 * 24 * 60 * 60 * 1000)
    // Its images come with URLs that run out, of the new epoch; its original not at all.
    expect(photo.variants.map(({ name }: Json) => name)).toEqual(['thumb_200'])
    expect(photo.variants[0].expiresAt).toBeDefined()
    expect(new URL(photo.variants[0].url).searchParams.get('a')).toBe('2')
    expect(await trashed(bob)).toEqual([])
    expect(await statusOf(undefined, 'GET', '/me/trash')).toBe(401)

    const { items: page, nextCursor } = await ok(ann, 'GET', '/me/trash?limit=1')
    expect(idsOf(page)).toEqual([second])
    expect((await ids(ann, `/me/trash?limit=1&cursor=${nextCursor}`))[0]).toBe(first)
  })

  it('is out of every view of everybody, and in all of them again', async () => {
    const photoId = await world.seedPhoto({
      ownerId: ann.id,
      caption: 'Fog #limmat',
      visibility: 'followers',
    })
    const other = await world.seedPhoto({ ownerId: ann.id })
    await world.api.clients.objects.put(originalKey(photoId), Buffer.from('0123456789'), 'image/jpeg')
    const album = (await ok(ann, 'POST', '/albums', { title: 'Fog' })).album.id as string
    for (const id of [photoId, other]) await ok(ann, 'PUT', `/albums/${album}/photos/${id}`)
    await ok(ann, 'PATCH', `/albums/${album}`, { coverPhotoId: photoId })
    await ok(ann, 'PUT', `/albums/${album}/members/${bob.username}`, { role: 'viewer' })
    const { link } = await ok(ann, 'POST', `/albums/${album}/share-links`, {})
    await ok(bob, 'PUT', `/photos/${photoId}/like`)
    const { comment } = await ok(bob, 'POST', `/photos/${photoId}/comments`, { text: 'Lovely' })

    const views = async () => ({
      alone: await Promise.all(
        [ann, bob, undefined].map((who) => statusOf(who, 'GET', `/photos/${photoId}`)),
      ),
      original: await statusOf(ann, 'GET', `/photos/${photoId}/original`),
      several: await ids(bob, `/photos?ids=${photoId},${other}`),
      profile: await ids(bob, `/users/${ann.username}/photos`),
      count: (await ok(bob, 'GET', `/users/${ann.username}`)).user.photoCount,
      feed: await ids(bob, '/feed'),
      album: await ids(bob, `/albums/${album}/photos`),
      albumCard: await ok(bob, 'GET', `/albums/${album}`).then(({ album: { photoCount, cover } }: Json) => ({
        photoCount,
        cover: cover.id,
      })),
      activity: (await ok(bob, 'GET', `/albums/${album}/activity`)).items.filter(
        (entry: Json) => entry.photoId === photoId,
      ).length,
      albums: await statusOf(ann, 'GET', `/photos/${photoId}/albums`),
      link: await ids(undefined, `/share/${link.token}`),
      likes: await statusOf(ann, 'GET', `/photos/${photoId}/likes`),
      comments: await statusOf(ann, 'GET', `/photos/${photoId}/comments`),
      comment: await statusOf(bob, 'GET', `/comments/${comment.id}`),
      like: await statusOf(bob, 'PUT', `/photos/${photoId}/like`),
      edit: (await call(ann, 'PATCH', `/photos/${photoId}`, {})).status,
      progress: await statusOf(ann, 'GET', `/photos/${photoId}/progress`),
      upload: await statusOf(ann, 'POST', `/photos/${photoId}/complete`),
    })
    const before = await views()
    const shown = (await ok(ann, 'GET', `/photos/${photoId}`)).photo
    expect(before).toMatchObject({ alone: [200, 200, 404], albumCard: { photoCount: 2, cover: photoId } })
    expect(before.link.sort()).toEqual([photoId, other].sort())

    await trash(photoId)
    const during = await views()
    expect(during).toMatchObject({
      ...{ alone: [404, 404, 404], original: 404, several: [other], count: before.count - 1 },
      ...{
        album: [other],
        albumCard: { photoCount: 1, cover: other },
        activity: 0,
        albums: 404,
        link: [other],
      },
      ...{ likes: 404, comments: 404, comment: 404, like: 404, progress: 404, upload: 404 },
    })
    for (const list of [during.profile, during.feed]) expect(list).not.toContain(photoId)

    const answer = await restore(photoId)
    expect(answer.status).toBe(200)
    // As it was, but for its URLs: those from before are refused.
    const { variants, ...rest } = answer.body.photo
    const { variants: variantsBefore, ...restBefore } = shown
    expect(rest).toEqual(restBefore)
    expect(new URL(variants[0].url).searchParams.get('a')).toBe('2')
    expect(new URL(variantsBefore[0].url).searchParams.get('a')).toBe('1')
    expect(await views()).toEqual(before)
    expect(idsOf(await trashed())).not.toContain(photoId)
  })

  it('does not keep the counts of an album wrong, whatever ends its places', async () => {
    const [gone, moved, left] = await Promise.all([1, 2, 3].map(() => world.seedPhoto({ ownerId: bob.id })))
    const album = (await ok(ann, 'POST', '/albums', { title: 'Counts' })).album.id as string
    await ok(ann, 'PUT', `/albums/${album}/members/${bob.username}`, { role: 'contributor' })
    for (const id of [gone, moved, left]) await ok(bob, 'PUT', `/albums/${album}/photos/${id}`)
    const count = async () => (await ok(ann, 'GET', `/albums/${album}`)).album.photoCount
    for (const id of [gone, moved]) await ok(bob, 'DELETE', `/photos/${id}`)
    expect(await count()).toBe(1)
    await ok(bob, 'DELETE', `/photos/${gone}?permanent=true`)
    await ok(bob, 'POST', `/photos/${moved}/restore`)
    expect(await count()).toBe(2)
    await ok(bob, 'DELETE', `/photos/${moved}`)
    await ok(bob, 'DELETE', `/albums/${album}/members/me`)
    expect(await count()).toBe(0)
    const [row] = await world.db.primary({
      text: 'SELECT photo_count, trashed_count FROM albums WHERE album_id = $1',
      values: [album],
    })
    expect(row).toEqual({ photo_count: 0, trashed_count: 0 })
    await ok(bob, 'POST', `/photos/${moved}/restore`)
    expect(await count()).toBe(0)
  })

  it('answers its owner the second time as at first, or not at all', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await trash(photoId)
    expect(await statusOf(ann, 'DELETE', `/photos/${photoId}`)).toBe(404)
    expect((await restore(photoId)).status).toBe(200)
    const { version } = await rowOf(photoId)
    expect((await restore(photoId)).status).toBe(200)
    expect(await rowOf(photoId)).toMatchObject({ status: 'ready', version })
  })

  it('can be restored or erased by nobody else', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    expect(await statusOf(bob, 'POST', `/photos/${photoId}/restore`)).toBe(403)
    expect(await statusOf(bob, 'DELETE', `/photos/${photoId}?permanent=true`)).toBe(403)
    await trash(photoId)
    expect(await statusOf(bob, 'POST', `/photos/${photoId}/restore`)).toBe(404)
    expect(await statusOf(bob, 'DELETE', `/photos/${photoId}?permanent=true`)).toBe(404)
    expect(await statusOf(undefined, 'POST', `/photos/${photoId}/restore`)).toBe(401)
    expect(await statusOf(ann, 'DELETE', `/photos/${photoId}?permanent=yes`)).toBe(422)
    expect(await rowOf(photoId)).toMatchObject({ status: 'trashed' })
  })

  it('is erased at once if its owner asks, out of the trash too', async () => {
    const [fromTrash, atOnce] = [
      await world.seedPhoto({ ownerId: ann.id }),
      await world.seedPhoto({ ownerId: ann.id }),
    ]
    await trash(fromTrash)
    for (const photoId of [fromTrash, atOnce]) {
      expect((await erase(photoId)).status).toBe(204)
      expect(await rowOf(photoId)).toMatchObject({ status: 'deleted' })
      expect((await restore(photoId)).status).toBe(404)
      expect((await erase(photoId)).status).toBe(404)
    }
    // What the trash showed is revoked as well.
    expect(await rowOf(fromTrash)).toMatchObject({ access_epoch: 3 })
    expect(idsOf(await trashed())).not.toContain(fromTrash)
  })

  it.each(['awaiting_upload', 'processing', 'failed', 'offered', 'quarantined'] as const)(
    'is none that was %s: that is erased',
    async (status) => {
      const photoId = await world.seedPhoto({ ownerId: ann.id, status })
      await trash(photoId)
      expect(await rowOf(photoId)).toMatchObject({ status: 'deleted' })
      expect(idsOf(await trashed())).not.toContain(photoId)
    },
  )
})

describe('a photo whose time in the trash is over', () => {
  it('is neither listed nor restored, and erased by the sweep', async () => {
    const [due, young, back] = await Promise.all([1, 2, 3].map(() => world.seedPhoto({ ownerId: ann.id })))
    for (const photoId of [due, young, back]) await trash(photoId!)
    await restore(back!)
    await trash(back!)
    await restore(back!)
    await runOut(due!)
    expect(idsOf(await trashed())).toContain(young)
    expect(idsOf(await trashed())).not.toContain(due)
    expect((await restore(due!)).status).toBe(404)
    expect(await rowOf(due!)).toMatchObject({ status: 'trashed' })
    expect(await sweepTrash(world.db, 183).run()).toBe(1)
    expect(await rowOf(due!)).toMatchObject({ status: 'deleted', access_epoch: 3 })
    expect(await rowOf(young!)).toMatchObject({ status: 'trashed' })
    expect(await rowOf(back!)).toMatchObject({ status: 'ready' })
    const owed = await world.db.primary({
      text: `SELECT erased_at FROM photo_erasures WHERE owner_id = $1 AND photo_id = ANY ($2::uuid[])`,
      values: [ann.id, [due, young, back]],
    })
    expect(owed).toEqual([{ erased_at: null }])
  })

  it('is restored or erased, and never both, when both come at once', async () => {
    for (let round = 0; round < 10; round++) {
      const photoId = await world.seedPhoto({ ownerId: ann.id })
      await trash(photoId)
      const answers = await Promise.all([
        restore(photoId),
        erase(photoId),
        restore(photoId),
        runOut(photoId).then(() => sweepTrash(world.db, 183).run()),
      ])
      // One that was held just then is left to the next sweep.
      await sweepTrash(world.db, 183).run()
      const { status } = await rowOf(photoId)
      const [one, , other] = answers as { status: number }[]
      if (status === 'ready') expect([one!.status, other!.status]).toContain(200)
      const rows = await world.db.primary({
        text: 'SELECT FROM trashed_photos WHERE photo_id = $1',
        values: [photoId],
      })
      expect([status, rows.length]).toEqual(['deleted', 0])
      expect(await statusOf(ann, 'GET', `/photos/${photoId}`)).toBe(404)
    }
  })
})
