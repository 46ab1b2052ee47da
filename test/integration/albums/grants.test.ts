import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../support/replica.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

let world: AlbumWorld
let ann: Person
let bob: Person
let member: Person
let albumId: string
/** Bob's, private, in Ann's album. */
let photoId: string
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

beforeEach(async () => {
  ;[ann, bob, member] = (await world.people(3)) as [Person, Person, Person]
  albumId = await world.album(ann)
  await world.invite(ann, albumId, bob, 'contributor')
  await world.invite(ann, albumId, member)
  photoId = await world.seedPhoto({ ownerId: bob.id, visibility: 'private' })
  await world.add(bob, albumId, photoId)
  await settle(world.db)
})

/** What a viewer who has not just written sees of the photo, read from the replica. */
async function sees(viewer: Person): Promise<{ byId: boolean; byIds: boolean; inAlbum: boolean }> {
  const get = async (path: string) => {
    await world.readFromReplica(viewer)
    return world.call('GET', `/v1${path}`, { token: viewer.token })
  }
  const [one, many, list] = [
    await get(`/photos/${photoId}`),
    await get(`/photos?ids=${photoId}`),
    await get(`/albums/${albumId}/photos`),
  ]
  return {
    byId: one.status === 200,
    byIds: many.body.items.length > 0,
    inAlbum: list.status === 200 && list.body.items.some(({ id }: { id: string }) => id === photoId),
  }
}
const YES = { byId: true, byIds: true, inAlbum: true }
const NO = { byId: false, byIds: false, inAlbum: false }

describe('a photo that its owner adds', () => {
  it('is shown to the members, and to nobody else', async () => {
    const [stranger] = await world.people(1)
    await world.call('PATCH', `/v1/albums/${albumId}`, { token: ann.token, body: { visibility: 'public' } })
    for (const viewer of [ann, bob, member]) expect(await sees(viewer)).toEqual(YES)
    expect(await sees(stranger!)).toEqual(NO)
    expect(await world.photosIn(stranger!, albumId)).toEqual([])
    expect(await world.invite(ann, albumId, stranger!)).toBe(200)
    await settle(world.db)
    expect(await sees(stranger!)).toEqual(YES)
  })

  it('has image URLs that expire, for members', async () => {
    const { body } = await world.call('GET', `/v1/photos/${photoId}`, { token: member.token })
    const left = Date.parse(body.photo.variants[0].expiresAt) - Date.now()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(600_000)
  })

  it('can be liked by members', async () => {
    const like = () => world.call('PUT', `/v1/photos/${photoId}/like`, { token: member.token })
    expect((await like()).status).toBe(204)
    await world.leave(member, albumId)
    expect((await like()).status).toBe(404)
  })

  it('is neither on the profile nor counted there', async () => {
    expect(await world.ids(member, `/users/${bob.username}/photos`)).toEqual([])
    expect(await world.profile(member, bob)).toMatchObject({ photoCount: 0 })
  })
})

describe('what was granted ends at once', () => {
  it.each([
    ['when it is taken back', () => world.remove(bob, albumId, photoId), [false, false]],
    ['when an admin removes it', () => world.remove(ann, albumId, photoId), [false, false]],
    [
      'when the photo is deleted',
      async () => (await world.call('DELETE', `/v1/photos/${photoId}`, { token: bob.token })).status,
      [false, false],
    ],
    ['when its owner leaves', () => world.leave(bob, albumId), [false, false]],
    ['when its owner is removed', () => world.expel(ann, albumId, bob), [false, false]],
    ['when the member leaves', () => world.leave(member, albumId), [true, false]],
    ['when the member is removed', () => world.expel(ann, albumId, member), [true, false]],
    [
      'when the album is deleted',
      async () => (await world.call('DELETE', `/v1/albums/${albumId}`, { token: ann.token })).status,
      [false, false],
    ],
    ['when its owner blocks the member', () => world.block(bob, member), [true, false]],
    ['when the member blocks its owner', () => world.block(member, bob), [true, false]],
    ["when the album's owner blocks the member", () => world.block(ann, member), [true, false]],
    ["when the album's owner blocks its owner", () => world.block(ann, bob), [false, false]],
    ["when its owner blocks the album's owner", () => world.block(bob, ann), [false, false]],
    ['when its owner is suspended', () => world.setStatus(bob, 'suspended').then(() => 200), [false, false]],
  ] as const)('%s', async (_, act, [ofAnn, ofMember]) => {
    expect([200, 204]).toContain(await act())
    expect(await sees(ann)).toEqual(ofAnn ? YES : NO)
    expect(await sees(member)).toEqual(ofMember ? YES : NO)
    expect(await world.albumContradictions()).toEqual([])
  })

  it('when it is narrowed, for those who see it by membership alone', async () => {
    const follower = member
    await world.follow(follower, bob)
    await world.editPhoto(bob, photoId, { visibility: 'public' })
    await world.editPhoto(bob, photoId, { visibility: 'followers' })
    expect([await sees(ann), await sees(follower), await sees(bob)]).toEqual([NO, YES, YES])
    await world.editPhoto(bob, photoId, { visibility: 'private' })
    expect([await sees(ann), await sees(follower), await sees(bob)]).toEqual([NO, NO, YES])
    // Neither widening nor moving it grants it again; adding it does.
    await world.editPhoto(bob, photoId, { visibility: 'followers' })
    await world.add(bob, albumId, photoId, 0)
    await settle(world.db)
    expect(await sees(ann)).toEqual(NO)
    expect(await world.add(bob, albumId, photoId)).toBe(204)
    await settle(world.db)
    expect([await sees(ann), await sees(follower)]).toEqual([YES, YES])
  })

  it('but not when the account turns private or a role is lowered', async () => {
    await world.editPhoto(bob, photoId, { visibility: 'public' })
    await world.setPrivate(bob, true)
    expect(await sees(member)).toEqual(YES)
    expect(await world.invite(ann, albumId, bob, 'viewer')).toBe(200)
    expect(await sees(member)).toEqual(YES)
    expect(await world.remove(bob, albumId, photoId)).toBe(204)
    expect(await sees(member)).toEqual(NO)
  })

  it('in this album alone when another grants it too', async () => {
    const other = await world.album(bob)
    await world.invite(bob, other, member)
    await world.add(bob, other, photoId)
    expect(await world.leave(member, albumId)).toBe(204)
    expect(await sees(member)).toEqual({ byId: true, byIds: true, inAlbum: false })
  })
})

describe('taking a photo back', () => {
  const accessEpoch = async () => {
    const [row] = await world.db.primary<{ access_epoch: number; owed: boolean }>({
      text: `SELECT access_epoch, EXISTS (
               SELECT FROM outbox WHERE kind = 'photoChanged' AND payload->>'photoId' = $1::text) AS owed
             FROM photos WHERE photo_id = $1::uuid`,
      values: [photoId],
    })
    return row
  }

  it('revokes the image URLs that members were given', async () => {
    expect(await accessEpoch()).toEqual({ access_epoch: 1, owed: false })
    await world.remove(ann, albumId, photoId)
    expect(await accessEpoch()).toEqual({ access_epoch: 2, owed: true })
    expect(await world.remove(ann, albumId, photoId)).toBe(204)
    expect(await accessEpoch()).toEqual({ access_epoch: 2, owed: true })
  })

  it('leaves a public photo alone', async () => {
    await world.editPhoto(bob, photoId, { visibility: 'public' })
    const before = await accessEpoch()
    expect(await world.remove(bob, albumId, photoId)).toBe(204)
    expect(await accessEpoch()).toEqual(before)
  })

  it('works for an album whose owner is suspended', async () => {
    await world.setStatus(ann, 'suspended')
    expect(await world.seen(bob, albumId)).toBeUndefined()
    expect(await sees(member)).toEqual({ byId: true, byIds: true, inAlbum: false })
    expect(await world.remove(bob, albumId, photoId)).toBe(204)
    expect(await sees(member)).toEqual(NO)
    expect(await world.leave(member, albumId)).toBe(204)
    expect(await world.ids(member, '/me/albums')).toEqual([])
  })
})

describe('a member', () => {
  it('is not added across a block with the owner, and sees no trace of one', async () => {
    const [blocked] = await world.people(1)
    await world.invite(ann, albumId, member, 'admin')
    await world.block(blocked!, ann)
    for (const inviter of [ann, member]) {
      expect(await world.invite(inviter, albumId, blocked!)).toBe(404)
      const { status } = await world.call('PUT', `/v1/albums/${albumId}/members/nobody-has-this`, {
        token: inviter.token,
        body: { role: 'viewer' },
      })
      expect(status).toBe(404)
    }
  })

  it('stays beside another whom they block, and neither sees the other', async () => {
    const own = await world.seedPhoto({ ownerId: member.id })
    await world.invite(ann, albumId, member, 'contributor')
    await world.add(member, albumId, own)
    await world.block(member, bob)
    const membersSeen = async (viewer: Person) => {
      const { body } = await world.call('GET', `/v1/albums/${albumId}/members`, { token: viewer.token })
      return body.items.map(({ user }: { user: { id: string } }) => user.id)
    }
    expect(await membersSeen(ann)).toEqual([ann.id, bob.id, member.id])
    expect(await membersSeen(bob)).toEqual([ann.id, bob.id])
    expect(await membersSeen(member)).toEqual([ann.id, member.id])
    expect(await world.photosIn(ann, albumId)).toEqual([photoId, own])
    expect(await world.photosIn(bob, albumId)).toEqual([photoId])
    expect(await world.photosIn(member, albumId)).toEqual([own])
    // A transfer makes one of them the owner: the other's membership ends.
    expect(await world.transfer(ann, albumId, bob)).toBe(200)
    expect(await membersSeen(ann)).toEqual([ann.id, bob.id])
    expect(await world.seen(member, albumId)).toBeUndefined()
    expect(await world.albumContradictions()).toEqual([])
  })

  it('sees how many photos there are; nobody else does', async () => {
    const [stranger] = await world.people(1)
    await world.call('PATCH', `/v1/albums/${albumId}`, { token: ann.token, body: { visibility: 'public' } })
    expect(await world.seen(member, albumId)).toMatchObject({ photoCount: 1, role: 'viewer' })
    expect(await world.seen(stranger!, albumId)).toMatchObject({ photoCount: null, role: null, cover: null })
  })
})
