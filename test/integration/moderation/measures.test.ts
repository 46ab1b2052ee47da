import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { Transaction } from '../../../src/infra/db/database.ts'
import { limitPhoto, restorePhoto, takeDownPhoto } from '../../../src/services/moderation/measures.ts'
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

const statusOf = async (who: Person | undefined, path: string) => (await call(who, 'GET', path)).status
const ids = async (who: Person | undefined, path: string): Promise<PhotoId[]> =>
  (await ok(who, 'GET', path)).items.map((photo: Json) => photo.id)
const photoOf = async (who: Person | undefined, photoId: PhotoId): Promise<Json> =>
  (await ok(who, 'GET', `/photos/${photoId}`)).photo

type Measure = (tx: Transaction, photoId: PhotoId) => Promise<string[]>
const apply = (measure: Measure, photoId: PhotoId) => world.db.transaction((tx) => measure(tx, photoId))
const restore: Measure = (tx, photoId) => restorePhoto(tx, photoId, 1_000)

/** What a photo's row tells of its retraction. */
async function rowOf(photoId: PhotoId) {
  const [row] = await world.db.primary<{ status: string; access_epoch: number; retracted: boolean }>({
    text: `SELECT status, access_epoch, EXISTS (SELECT FROM retractions WHERE subject = 'photo/' || $1) AS retracted
      FROM photos WHERE photo_id = $1::uuid`,
    values: [photoId],
  })
  return row!
}

describe('a takedown', () => {
  it('hides the photo at once, and a restoration gives all of it back', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id, caption: 'Fog', visibility: 'followers' })
    const other = await world.seedPhoto({ ownerId: ann.id })
    const { album } = await ok(ann, 'POST', '/albums', { title: 'Fog' })
    for (const id of [photoId, other]) await ok(ann, 'PUT', `/albums/${album.id}/photos/${id}`)
    await ok(ann, 'PUT', `/albums/${album.id}/members/${bob.username}`, { role: 'viewer' })
    const { link } = await ok(ann, 'POST', `/albums/${album.id}/share-links`, {})
    await ok(bob, 'PUT', `/photos/${photoId}/like`)
    const views = async () => ({
      alone: await Promise.all([bob, undefined].map((who) => statusOf(who, `/photos/${photoId}`))),
      several: await ids(bob, `/photos?ids=${photoId},${other}`),
      profile: await ids(bob, `/users/${ann.username}/photos`),
      feed: await ids(bob, '/feed'),
      album: await ids(bob, `/albums/${album.id}/photos`),
      link: await ids(undefined, `/share/${link.token}`),
      likes: await statusOf(bob, `/photos/${photoId}/likes`),
    })
    const before = await views()
    expect(before).toMatchObject({ alone: [200, 404], likes: 200 })
    for (const list of [before.several, before.profile, before.feed, before.album, before.link])
      expect(list).toContain(photoId)

    expect(await apply(takeDownPhoto, photoId)).toHaveLength(1)
    expect(await rowOf(photoId)).toEqual({ status: 'quarantined', access_epoch: 2, retracted: true })
    const during = await views()
    expect(during).toMatchObject({ alone: [404, 404], several: [other], album: [other], likes: 404 })
    for (const list of [during.profile, during.feed, during.link]) expect(list).not.toContain(photoId)
    expect(await photoOf(ann, photoId)).toMatchObject({ status: 'quarantined', caption: 'Fog' })
    expect(await apply(takeDownPhoto, photoId)).toEqual([])

    expect(await apply(restore, photoId)).toHaveLength(1)
    expect(await views()).toEqual(before)
    expect(await apply(restore, photoId)).toEqual([])
  })

  it('of a photo in the trash keeps it hidden when its owner restores it', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await ok(ann, 'DELETE', `/photos/${photoId}`)
    expect(await apply(takeDownPhoto, photoId)).toEqual([])
    const { photo } = await ok(ann, 'POST', `/photos/${photoId}/restore`)
    expect(photo.status).toBe('quarantined')
    expect(await statusOf(bob, `/photos/${photoId}`)).toBe(404)
    await apply(restore, photoId)
    expect(await statusOf(bob, `/photos/${photoId}`)).toBe(200)
  })

  it('and its end leave a photo in the trash there', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await ok(ann, 'DELETE', `/photos/${photoId}`)
    await apply(takeDownPhoto, photoId)
    expect(await apply(restore, photoId)).toEqual([])
    expect((await rowOf(photoId)).status).toBe('trashed')
    const { photo } = await ok(ann, 'POST', `/photos/${photoId}/restore`)
    expect(photo.status).toBe('ready')
  })

  it('gives back the offer of a photo in a drop box, not more', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id, status: 'offered' })
    await apply(takeDownPhoto, photoId)
    await apply(restore, photoId)
    expect((await rowOf(photoId)).status).toBe('offered')
  })

  it.each(['awaiting_upload', 'processing', 'failed', 'deleted'] as const)(
    'is refused for a photo that is %s',
    async (status) => {
      const photoId = await world.seedPhoto({ ownerId: ann.id, status })
      for (const measure of [limitPhoto, takeDownPhoto, restore])
        await expect(apply(measure, photoId)).rejects.toMatchObject({ code: 'not_found' })
    },
  )

  it('and a deletion at once leave no photo that anybody sees', async () => {
    const photoIds = await Promise.all(Array.from({ length: 6 }, () => world.seedPhoto({ ownerId: ann.id })))
    await Promise.all(
      photoIds.flatMap((photoId) => [
        apply(takeDownPhoto, photoId).catch(() => undefined),
        call(ann, 'DELETE', `/photos/${photoId}`),
      ]),
    )
    expect(await ids(bob, `/photos?ids=${photoIds.join(',')}`)).toEqual([])
    for (const photoId of photoIds)
      expect(['trashed', 'deleted', 'quarantined']).toContain((await rowOf(photoId)).status)
  })
})

describe('a limited photo', () => {
  it('is sensitive for others, and tells its owner who limited it', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    expect(await photoOf(bob, photoId)).toMatchObject({ sensitive: false })
    expect(await apply(limitPhoto, photoId)).toHaveLength(1)
    expect(await apply(limitPhoto, photoId)).toEqual([])
    const shown = await photoOf(bob, photoId)
    expect(shown.sensitive).toBe(true)
    expect(shown).not.toHaveProperty('limited')
    expect(await photoOf(ann, photoId)).toMatchObject({ sensitive: false, limited: true })
    await apply(restore, photoId)
    expect((await photoOf(bob, photoId)).sensitive).toBe(false)
  })

  it('cannot be set free by its owner, whose own warning stays', async () => {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await ok(ann, 'PATCH', `/photos/${photoId}`, { sensitive: true })
    await apply(limitPhoto, photoId)
    expect((await call(ann, 'PATCH', `/photos/${photoId}`, { limited: false })).status).toBe(422)
    await apply(restore, photoId)
    expect(await photoOf(bob, photoId)).toMatchObject({ sensitive: true })
    await ok(ann, 'PATCH', `/photos/${photoId}`, { sensitive: false })
    expect(await photoOf(bob, photoId)).toMatchObject({ sensitive: false })
  })
})
