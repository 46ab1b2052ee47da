import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from '../../support/worlds/api-world.ts'
import { editPhoto } from '../../support/factories/photos.ts'
import { openLinkWorld, type LinkWorld, type MadeLink } from '../../support/worlds/link-world.ts'

let world: LinkWorld
let ann: Person
let bob: Person
let albumId: string
let link: MadeLink
/** Private; Ann's is in her own album, Bob's in Ann's. */
let anns: string
let bobs: string
beforeAll(async () => {
  world = await openLinkWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[ann, bob] = (await world.people(2)) as [Person, Person]
  albumId = await world.album(ann)
  await world.invite(ann, albumId, bob, 'contributor')
  anns = await world.seedPhoto({ ownerId: ann.id, visibility: 'private' })
  bobs = await world.seedPhoto({ ownerId: bob.id, visibility: 'private' })
  await world.add(ann, albumId, anns)
  await world.add(bob, albumId, bobs)
  link = await world.link(ann, albumId)
})

const put = async (who: Person, photoId: string, body: object) =>
  (await world.call('PUT', `/v1/albums/${albumId}/photos/${photoId}`, { token: who.token, body })).status

describe('a link shows', () => {
  it('what an owner adds to their own album, and not what others add to it', async () => {
    expect(await world.shown(link)).toEqual([anns])
  })

  it('what contributors let it show, while they do', async () => {
    expect(await put(bob, bobs, { shownByLinks: true })).toBe(204)
    expect(await world.shown(link)).toEqual([anns, bobs])
    expect(await put(bob, bobs, { shownByLinks: false })).toBe(204)
    expect(await world.shown(link)).toEqual([anns])
    // Members go on seeing it.
    expect(await world.photosIn(ann, albumId)).toEqual([anns, bobs])
  })

  it('what is said when it is added', async () => {
    const [hidden, shown] = [
      await world.seedPhoto({ ownerId: ann.id, visibility: 'private' }),
      await world.seedPhoto({ ownerId: bob.id, visibility: 'private' }),
    ]
    expect(await put(ann, hidden, { shownByLinks: false })).toBe(204)
    expect(await put(bob, shown, { shownByLinks: true, position: 0 })).toBe(204)
    expect(await world.shown(link)).toEqual([shown, anns])
  })

  it('what everyone sees, if it is in the album', async () => {
    await world.editPhoto(bob, bobs, { visibility: 'public' })
    const elsewhere = await world.seedPhoto({ ownerId: bob.id, visibility: 'public' })
    expect(await world.shown(link)).toEqual([anns, bobs])
    expect(await world.shown(link)).not.toContain(elsewhere)
    await world.setPrivate(bob, true)
    expect(await world.shown(link)).toEqual([anns])
  })

  it('no more of a photo than its picture and its texts', async () => {
    await editPhoto(world.db, anns, { shareLocation: true, shareCamera: true, allowDownload: true })
    await world.db.primary({
      text: `UPDATE photos SET latitude = 47.37, longitude = 8.54, camera = 'Rolleiflex', taken_at = now() WHERE photo_id = $1`,
      values: [anns],
    })
    const other = await world.link(ann, albumId, { label: 'The other one' })
    const { body } = await world.visit(link)
    expect(Object.keys(body).sort()).toEqual(['album', 'items', 'nextCursor', 'session'])
    const [photo] = body.items
    expect(Object.keys(photo).sort()).toEqual(
      [
        'altText',
        'caption',
        'height',
        'id',
        'owner',
        'placeholder',
        'sources',
        'tags',
        'variants',
        'width',
      ].sort(),
    )
    expect(photo.owner).toEqual({ username: ann.username, displayName: null })
    expect(photo.variants.map(({ name }: { name: string }) => name)).toEqual(['thumb_200'])
    // Signed image URLs tell the owner's epoch, and so their id.
    const text = JSON.stringify(body, (key, value: unknown) => (key === 'url' ? undefined : value))
    for (const secret of [
      ann.id,
      albumId,
      other.id,
      other.token,
      'The other one',
      'originals/',
      '47.37',
      'Rolleiflex',
    ])
      expect(text).not.toContain(secret)
  })

  it('image URLs that name it, and have an end even if the photo is public', async () => {
    await world.editPhoto(ann, anns, { visibility: 'public' })
    const { body } = await world.visit(link)
    const { url, expiresAt } = body.items[0].variants[0]
    expect(url).toContain(`&l=${link.id}&e=`)
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(600_000)
  })
})

describe('a link shows no more', () => {
  it.each([
    ['when the photo is taken out', () => world.remove(ann, albumId, anns)],
    ['when the photo is deleted', () => remove(`/photos/${anns}`)],
    ['when its owner keeps it from links', () => put(ann, anns, { shownByLinks: false })],
  ] as const)('%s', async (_, act) => {
    expect([200, 204]).toContain(await act())
    expect(await world.shown(link)).toEqual([])
  })

  it.each([
    ['when it is revoked', () => world.revoke(ann, albumId, link)],
    ['when the album is deleted', () => remove(`/albums/${albumId}`)],
    ["when the album's owner is suspended", () => world.setStatus(ann, 'suspended').then(() => 204)],
  ] as const)('at all %s', async (_, act) => {
    expect(await act()).toBe(204)
    expect(await world.shown(link)).toBeUndefined()
  })

  it.each([
    ['leaves', () => world.leave(bob, albumId)],
    ['is removed', () => world.expel(ann, albumId, bob)],
    ['is blocked by the owner of the album', () => world.block(ann, bob)],
    ['blocks the owner of the album', () => world.block(bob, ann)],
    ['is suspended', () => world.setStatus(bob, 'suspended').then(() => 204)],
  ] as const)('of a contributor who %s', async (_, act) => {
    await put(bob, bobs, { shownByLinks: true })
    expect(await world.shown(link)).toEqual([anns, bobs])
    expect(await act()).toBe(204)
    expect(await world.shown(link)).toEqual([anns])
  })

  it('of a photo that is narrowed, until it is added again', async () => {
    await world.editPhoto(ann, anns, { visibility: 'followers' })
    await world.editPhoto(ann, anns, { visibility: 'private' })
    expect(await world.shown(link)).toEqual([])
    expect(await put(ann, anns, { shownByLinks: false })).toBe(204)
    expect(await put(ann, anns, { shownByLinks: true })).toBe(204)
    expect(await world.shown(link)).toEqual([anns])
  })

  const remove = async (path: string) =>
    (await world.call('DELETE', `/v1${path}`, { token: ann.token })).status
})

describe('whether links show a photo', () => {
  it('is decided by its owner alone', async () => {
    await world.editPhoto(bob, bobs, { visibility: 'public' })
    const { status, body } = await world.call('PUT', `/v1/albums/${albumId}/photos/${bobs}`, {
      token: ann.token,
      body: { shownByLinks: true },
    })
    expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path: 'body.shownByLinks' })
    // Their own decision needs no role, if it is no.
    await put(bob, bobs, { shownByLinks: true })
    await world.invite(ann, albumId, bob, 'viewer')
    expect(await put(bob, bobs, { shownByLinks: true })).toBe(403)
    expect(await put(bob, bobs, { shownByLinks: false })).toBe(204)
  })

  it('revokes the URLs of the photo when it turns to no', async () => {
    const epoch = async () => {
      const [row] = await world.db.primary<{ access_epoch: number }>({
        text: 'SELECT access_epoch FROM photos WHERE photo_id = $1',
        values: [anns],
      })
      return row!.access_epoch
    }
    const before = await epoch()
    await put(ann, anns, { shownByLinks: true })
    expect(await epoch()).toBe(before)
    for (let n = 0; n < 2; n++) await put(ann, anns, { shownByLinks: false })
    expect(await epoch()).toBe(before + 1)
  })
})
