import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_ITEMS } from '../../../src/domain/limits.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { sweepDropBoxes } from '../../../src/services/share-links/sweep-drop-boxes.ts'
import { buildPhoto, publishPhoto } from '../../support/factories/photos.ts'
import { settle } from '../../support/replica.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openLinkWorld, type LinkWorld, type MadeLink } from '../../support/worlds/link-world.ts'

let world: LinkWorld
let ann: Person
let albumId: string
let link: MadeLink
beforeAll(async () => {
  world = await openLinkWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann] = (await world.people(1)) as [Person]
  albumId = await world.album(ann)
  link = await world.link(ann, albumId, { allowUpload: true })
})

const newestPhoto = async (): Promise<string> => {
  const [row] = await world.db.primary<{ photo_id: string }>({
    text: 'SELECT photo_id FROM photos WHERE owner_id = $1 ORDER BY photo_id DESC LIMIT 1',
    values: [ann.id],
  })
  return row!.photo_id
}
const statusOf = async (photoId: string): Promise<string> => {
  const [row] = await world.db.primary<{ status: string }>({
    text: 'SELECT status FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!.status
}

/** A photo in the drop box, as its workflow leaves it. */
async function offered(fields: object = {}, through: MadeLink = link): Promise<string> {
  expect((await world.offer(through, fields)).status).toBe(201)
  const photoId = await newestPhoto()
  await world.db.primary({
    text: `UPDATE photos SET status = 'processing', sha256 = decode(replace(photo_id::text, '-', ''), 'hex') WHERE photo_id = $1`,
    values: [photoId],
  })
  await publishPhoto(world.db, photoId)
  await settle(world.db)
  return photoId
}

const box = async (who = ann, of = albumId) =>
  world.call('GET', `/v1/albums/${of}/drop-box`, { token: who.token })
const decide = async (method: 'PUT' | 'DELETE', itemId: string, who = ann) =>
  (await world.call(method, `/v1/albums/${albumId}/drop-box/${itemId}`, { token: who.token })).status
const approve = (itemId: string, who?: Person) => decide('PUT', itemId, who)
const decline = (itemId: string, who?: Person) => decide('DELETE', itemId, who)
const idsIn = ({ body }: { body: Json }) => body.items.map(({ id }: Json) => id)

describe('an upload by a guest', () => {
  it('gets a signed PUT and a ticket, by which its end is reported', async () => {
    const { status, headers, body } = await world.offer(link, { name: 'Uncle Karl' })
    expect(status).toBe(201)
    expect(headers.get('X-Robots-Tag')).toBe('noindex')
    expect(Object.keys(body).sort()).toEqual(['ticket', 'upload'])
    const complete = (ticket = body.ticket, token = link.token) =>
      world.call('POST', `/v1/share/${token}/uploads/${ticket}/complete`)
    expect(await complete()).toMatchObject({ status: 409, body: { code: 'not_uploaded' } })
    const { url, headers: signed } = body.upload
    const put = await fetch(url, { method: 'PUT', headers: signed, body: new Uint8Array(10) })
    expect(put.status).toBe(200)
    for (let n = 0; n < 2; n++) expect((await complete()).status).toBe(204)
    const owed = await world.db.primary({
      text: `SELECT FROM outbox WHERE kind = 'originalArrived' AND payload->>'photoId' = $1`,
      values: [await newestPhoto()],
    })
    expect(owed.length).toBeGreaterThan(0)
    const other = await world.link(ann, albumId, { allowUpload: true })
    expect((await complete(body.ticket, other.token)).status).toBe(404)
    expect((await complete(`${body.ticket}x`)).status).toBe(404)
    await world.revoke(ann, albumId, link)
    expect((await complete()).status).toBe(404)
    await world.api.clients.objects.delete([incomingKey(await newestPhoto())])
  })

  it.each([
    [{ contentType: 'text/html' }, 415, 'unsupported_type', 'body.contentType'],
    [{ bytes: 0 }, 422, 'invalid', 'body.bytes'],
    [{ bytes: 2 ** 40 }, 413, 'too_large', 'body.bytes'],
    [{ name: 'a'.repeat(101) }, 422, 'invalid', 'body.name'],
    [{ caption: 'mine' }, 422, 'invalid', 'body.caption'],
    [{ visibility: 'public' }, 422, 'invalid', 'body.visibility'],
  ])('is refused with the field at fault, and not stored: %j', async (fields, status, code, path) => {
    const before = await world.rowCounts()
    const { status: answered, body } = await world.offer(link, fields)
    expect({ status: answered, code: body.code, path: body.errors[0].path }).toEqual({ status, code, path })
    expect(await world.rowCounts()).toEqual(before)
  })

  it('needs a link that allows it, with all that the link asks for', async () => {
    const shut = await world.link(ann, albumId)
    expect(await world.offer(shut)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const locked = await world.link(ann, albumId, { allowUpload: true, password: 'fog-2026', maxViews: 1 })
    expect((await world.offer(locked)).status).toBe(401)
    expect((await world.offer(locked, {}, { password: 'fog-2026' })).status).toBe(201)
    const { session } = (await world.visit(locked, { password: 'fog-2026' })).body
    expect((await world.offer(locked, {}, { session })).status).toBe(201)
    expect(await world.offer(locked, {}, { password: 'fog-2026' })).toMatchObject({ status: 410 })
    expect((await world.offer({ token: 'A'.repeat(43) })).status).toBe(404)
  })

  it('does not use up what the owner may have pending, in however many albums', async () => {
    const links = [link, await world.link(ann, await world.album(ann), { allowUpload: true })]
    const uploads = await Promise.all(
      Array.from({ length: MAX_ITEMS.guestUploadsPerOwner + 4 }, (_, n) => world.offer(links[n % 2]!)),
    )
    const refused = uploads.filter(({ status }) => status !== 201)
    expect(refused.map(({ body }) => body.code)).toEqual(Array(4).fill('quota_exceeded'))
    const own = await world.call('POST', '/v1/photos', {
      token: ann.token,
      body: { contentType: 'image/jpeg', bytes: 10 },
    })
    expect(own.status).toBe(201)
  })

  it('is one of so many that a link takes in a day, whatever becomes of them', async () => {
    const { id: linkId } = link
    for (let n = 0; n < MAX_ITEMS.guestUploadsPerLinkAndDay; n++) {
      const { photoId } = await buildPhoto(world.db, ann.id, { status: 'failed', visibility: 'private' })
      await world.db.primary({
        text: 'INSERT INTO drop_box_items (photo_id, album_id, link_id) VALUES ($1, $2, $3)',
        values: [photoId, albumId, linkId],
      })
    }
    expect(await world.offer(link)).toMatchObject({ status: 403, body: { code: 'quota_exceeded' } })
    // Housekeeping keeps those that came to nothing for a day.
    await world.db.primary({
      text: `UPDATE drop_box_items SET created_at = now() - interval '25 hours' WHERE link_id = $1`,
      values: [linkId],
    })
    expect((await world.offer(link)).status).toBe(201)
    expect(await sweepDropBoxes(world.db).run()).toBe(MAX_ITEMS.guestUploadsPerLinkAndDay)
  })
})

describe('a photo in the drop box', () => {
  it('is seen there by the owner of the album, and nowhere else', async () => {
    const photoId = await offered({ name: 'Uncle Karl' })
    const { body } = await box()
    expect(body.items).toMatchObject([
      {
        id: photoId,
        name: 'Uncle Karl',
        linkId: link.id,
        photo: { id: photoId, status: 'offered', visibility: 'private' },
      },
    ])
    expect(await world.ids(ann, `/users/${ann.username}/photos`)).toEqual([])
    expect(await world.profile(ann, ann)).toMatchObject({ photoCount: 0 })
    expect(await world.ids(ann, '/feed')).toEqual([])
    expect(await world.photosIn(ann, albumId)).toEqual([])
    expect(await world.shown(link)).toEqual([])
    const [admin] = await world.people(1)
    await world.invite(ann, albumId, admin!, 'admin')
    expect((await box(admin)).body.items).toEqual([])
    expect(await approve(photoId, admin)).toBe(404)
    expect((await world.call('GET', `/v1/photos/${photoId}`, { token: admin!.token })).status).toBe(404)
  })

  it('is published and added by approval, once', async () => {
    const photoId = await offered()
    const approved = await Promise.all(Array.from({ length: 4 }, () => approve(photoId)))
    expect(approved).toEqual([204, 204, 204, 204])
    await settle(world.db)
    expect((await box()).body.items).toEqual([])
    expect(await world.photosIn(ann, albumId)).toEqual([photoId])
    expect(await world.shown(link)).toEqual([photoId])
    expect(await world.ids(ann, `/users/${ann.username}/photos`)).toEqual([photoId])
    expect(await world.profile(ann, ann)).toMatchObject({ photoCount: 1 })
    expect(await decline(photoId)).toBe(404)
    expect(await world.albumContradictions()).toEqual([])
  })

  it('is deleted when it is declined, as often as one likes', async () => {
    const photoId = await offered()
    for (let n = 0; n < 2; n++) expect(await decline(photoId)).toBe(204)
    expect(await statusOf(photoId)).toBe('deleted')
    expect(await approve(photoId)).toBe(404)
    expect((await box()).body.items).toEqual([])
  })

  it('is approved or declined when both come at once', async () => {
    for (let round = 0; round < 8; round++) {
      const photoId = await offered()
      const [approved, declined] = await Promise.all([approve(photoId), decline(photoId)])
      expect([approved, declined].sort()).toEqual([204, 404])
      expect(await statusOf(photoId)).toBe(approved === 204 ? 'ready' : 'deleted')
    }
    expect(await world.albumContradictions()).toEqual([])
  })

  it('is in its own album alone, and in no other', async () => {
    const photoId = await offered()
    const other = await world.album(ann)
    const path = (item: string) => `/v1/albums/${other}/drop-box/${item}`
    for (const item of [photoId, uuidv7()]) {
      expect((await world.call('PUT', path(item), { token: ann.token })).status).toBe(404)
      expect((await world.call('DELETE', path(item), { token: ann.token })).status).toBe(404)
    }
    expect(idsIn(await box())).toEqual([photoId])
  })

  it('stays when its link is revoked, and when the album gets another owner', async () => {
    const photoId = await offered()
    await world.revoke(ann, albumId, link)
    expect((await box()).body.items).toMatchObject([{ id: photoId, linkId: null }])
    const [heir] = await world.people(1)
    await world.invite(ann, albumId, heir!, 'viewer')
    await world.transfer(ann, albumId, heir!)
    expect(idsIn(await box())).toEqual([photoId])
    expect(idsIn(await box(heir))).toEqual([])
    expect(await approve(photoId)).toBe(204)
    expect(await world.photosIn(heir!, albumId)).toEqual([photoId])
  })

  it('is paged, latest first', async () => {
    const photoIds = [await offered(), await offered(), await offered()]
    expect(await world.ids(ann, `/albums/${albumId}/drop-box`, 2)).toEqual(photoIds.reverse())
  })

  it('is declined by housekeeping after a month, or once its album is gone', async () => {
    const [kept, old, orphan] = [await offered(), await offered(), await offered()]
    await world.db.primary({
      text: `UPDATE drop_box_items SET created_at = now() - interval '31 days' WHERE photo_id = $1`,
      values: [old],
    })
    await world.db.primary({
      text: 'UPDATE drop_box_items SET album_id = NULL WHERE photo_id = $1',
      values: [orphan],
    })
    expect(await sweepDropBoxes(world.db).run()).toBe(3)
    expect([await statusOf(kept), await statusOf(old), await statusOf(orphan)]).toEqual([
      'offered',
      'deleted',
      'deleted',
    ])
    const rows = await world.db.primary<{ photo_id: string }>({
      text: 'SELECT photo_id FROM drop_box_items WHERE photo_id = ANY ($1)',
      values: [[kept, old, orphan]],
    })
    expect(rows.map((row) => row.photo_id).sort()).toEqual([kept, orphan].sort())
  })

  it('is an orphan when its album is deleted', async () => {
    const photoId = await offered()
    expect((await world.call('DELETE', `/v1/albums/${albumId}`, { token: ann.token })).status).toBe(204)
    expect(await statusOf(photoId)).toBe('offered')
    await sweepDropBoxes(world.db).run()
    expect(await statusOf(photoId)).toBe('deleted')
  })
})
