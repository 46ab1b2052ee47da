import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALBUM_ROLES } from '../../../src/domain/albums.ts'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

/** Someone without the album, someone who sees it because it is public, and every role. */
const WHO = ['stranger', 'visitor', ...ALBUM_ROLES] as const
type Who = (typeof WHO)[number]

interface Scene {
  albumId: string
  who: Person
  /** A member, who has added a photo. */
  contributor: Person
  theirs: string
  viewer: Person
  outsider: Person
  /** Of `who`; not in the album. */
  own: string
  /** Of `who`, in the album whatever their role is now. */
  added: string
}

async function scene(as: Who): Promise<Scene> {
  const [owner, contributor, viewer, outsider, other] = (await world.people(5)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ]
  const albumId = await world.album(owner, { visibility: as === 'visitor' ? 'public' : 'private' })
  const who = as === 'owner' ? owner : other
  const own = await world.seedPhoto({ ownerId: who.id, visibility: 'private' })
  const added = await world.seedPhoto({ ownerId: who.id })
  const theirs = await world.seedPhoto({ ownerId: contributor.id, visibility: 'private' })
  await world.invite(owner, albumId, contributor, 'contributor')
  await world.invite(owner, albumId, viewer)
  await world.add(contributor, albumId, theirs)
  if (as === 'owner') await world.add(owner, albumId, added)
  if (as === 'viewer' || as === 'contributor' || as === 'admin') {
    await world.invite(owner, albumId, who, 'contributor')
    await world.add(who, albumId, added)
    await world.invite(owner, albumId, who, as)
  }
  return { albumId, who, contributor, theirs, viewer, outsider, own, added }
}

const call = async ({ who, albumId }: Scene, method: string, path: string, body?: object) =>
  (await world.call(method, `/v1/albums/${albumId}${path}`, { token: who.token, body })).status

/** Each action, and the status for each of {@link WHO}, in that order. */
const ACTIONS: [what: string, act: (of: Scene) => Promise<number>, statuses: number[]][] = [
  ['gets the album', (of) => call(of, 'GET', ''), [404, 200, 200, 200, 200, 200]],
  ['lists the photos', (of) => call(of, 'GET', '/photos'), [404, 200, 200, 200, 200, 200]],
  ['lists the members', (of) => call(of, 'GET', '/members'), [404, 403, 200, 200, 200, 200]],
  ['lists the activity', (of) => call(of, 'GET', '/activity'), [404, 403, 200, 200, 200, 200]],
  ['edits it', (of) => call(of, 'PATCH', '', { title: 'New' }), [404, 403, 403, 403, 200, 200]],
  ['deletes it', (of) => call(of, 'DELETE', ''), [404, 403, 403, 403, 403, 204]],
  [
    'adds a photo of their own',
    (of) => world.add(of.who, of.albumId, of.own),
    [404, 403, 403, 204, 204, 204],
  ],
  [
    'adds the photo of another',
    async (of) => {
      const photoId = await world.seedPhoto({ ownerId: of.outsider.id })
      return world.add(of.who, of.albumId, photoId)
    },
    [404, 403, 403, 422, 422, 422],
  ],
  [
    'adds a photo that is hidden from them',
    async (of) => {
      const photoId = await world.seedPhoto({ ownerId: of.outsider.id, visibility: 'private' })
      return world.add(of.who, of.albumId, photoId)
    },
    [404, 403, 403, 404, 404, 404],
  ],
  [
    'adds a photo that does not exist',
    (of) => world.add(of.who, of.albumId, of.albumId),
    [404, 403, 403, 404, 404, 404],
  ],
  [
    'moves a photo that they have added',
    (of) => world.add(of.who, of.albumId, of.added, 0),
    [404, 403, 403, 204, 204, 204],
  ],
  [
    "moves another's photo",
    (of) => world.add(of.who, of.albumId, of.theirs, 0),
    [404, 403, 403, 403, 204, 204],
  ],
  [
    'takes back a photo that they have added',
    (of) => world.remove(of.who, of.albumId, of.added),
    [404, 204, 204, 204, 204, 204],
  ],
  [
    "removes another's photo",
    (of) => world.remove(of.who, of.albumId, of.theirs),
    [404, 403, 403, 403, 204, 204],
  ],
  [
    'removes a photo that is not there',
    (of) => world.remove(of.who, of.albumId, of.albumId),
    [404, 403, 403, 403, 204, 204],
  ],
  ['adds a member', (of) => world.invite(of.who, of.albumId, of.outsider), [404, 403, 403, 403, 200, 200]],
  [
    'gives a member another role',
    (of) => world.invite(of.who, of.albumId, of.contributor, 'admin'),
    [404, 403, 403, 403, 200, 200],
  ],
  [
    'removes a member',
    (of) => world.expel(of.who, of.albumId, of.contributor),
    [404, 403, 403, 403, 204, 204],
  ],
  [
    'removes who is not a member',
    (of) => world.expel(of.who, of.albumId, of.outsider),
    [404, 403, 403, 403, 204, 204],
  ],
  ['leaves', (of) => world.leave(of.who, of.albumId), [404, 204, 204, 204, 204, 422]],
  [
    'transfers it to a member',
    (of) => world.transfer(of.who, of.albumId, of.viewer),
    [404, 403, 403, 403, 403, 200],
  ],
  [
    'transfers it to who is not a member',
    (of) => world.transfer(of.who, of.albumId, of.outsider),
    [404, 403, 403, 403, 403, 422],
  ],
]

describe.each(WHO)('a %s', (as) => {
  it.each(ACTIONS.map(([what, act, statuses]) => [what, statuses[WHO.indexOf(as)]!, act] as const))(
    '%s: %i',
    async (_, status, act) => {
      const of = await scene(as)
      expect(await act(of)).toBe(status)
      // Repeated, it changes nothing more.
      expect(await world.albumContradictions()).toEqual([])
    },
  )
})

describe('a role', () => {
  it('of the owner is neither given nor taken', async () => {
    const [ann, admin] = await world.people(2)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, admin!, 'admin')
    expect(await world.invite(admin!, albumId, ann!, 'viewer')).toBe(403)
    expect(await world.expel(admin!, albumId, ann!)).toBe(403)
    expect(await world.invite(ann!, albumId, ann!, 'viewer')).toBe(403)
    const { status } = await world.call('PUT', `/v1/albums/${albumId}/members/${admin!.username}`, {
      token: ann!.token,
      body: { role: 'owner' },
    })
    expect(status).toBe(422)
  })

  it('changes hands with the album', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, bob!)
    const kept = await world.seedPhoto({ ownerId: ann!.id, visibility: 'private' })
    await world.add(ann!, albumId, kept)
    expect(await world.transfer(ann!, albumId, bob!)).toBe(200)
    expect(await world.seen(bob!, albumId)).toMatchObject({ role: 'owner', owner: { id: bob!.id } })
    expect(await world.seen(ann!, albumId)).toMatchObject({ role: 'admin' })
    expect(await world.photosIn(bob!, albumId)).toEqual([kept])
    expect(await world.transfer(bob!, albumId, bob!)).toBe(200)
    expect(await world.leave(ann!, albumId)).toBe(204)
    expect(await world.photosIn(bob!, albumId)).toEqual([])
    expect(await world.albumContradictions()).toEqual([])
  })

  it('of an owner is not taken by an account that owns 1,000 albums', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, bob!)
    await world.db.primary({
      text: `WITH made AS (
               INSERT INTO albums (album_id, owner_id, title) SELECT gen_random_uuid(), $1, 'A'
               FROM generate_series(1, 1000) RETURNING album_id)
             INSERT INTO album_members (album_id, user_id, role) SELECT album_id, $1, 'owner' FROM made`,
      values: [bob!.id],
    })
    expect(await world.transfer(ann!, albumId, bob!)).toBe(403)
    expect(await world.seen(ann!, albumId)).toMatchObject({ role: 'owner' })
  })

  it('is repeated without a new entry, and answers the member', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!)
    const put = (role: string) =>
      world.call('PUT', `/v1/albums/${albumId}/members/${bob!.username.toUpperCase()}`, {
        token: ann!.token,
        body: { role },
      })
    const first = await put('viewer')
    expect(first.body.member).toEqual({
      user: { id: bob!.id, username: bob!.username, displayName: null, avatarUrl: null },
      role: 'viewer',
      addedAt: expect.any(String),
    })
    expect((await put('viewer')).body).toEqual(first.body)
    expect((await put('admin')).body.member).toEqual({ ...first.body.member, role: 'admin' })
    const { body } = await world.call('GET', `/v1/albums/${albumId}/members?limit=1`, { token: bob!.token })
    expect(body.items.map((member: { role: string }) => member.role)).toEqual(['owner'])
    expect(body.nextCursor).not.toBeNull()
    const rest = await world.call('GET', `/v1/albums/${albumId}/members?limit=1&cursor=${body.nextCursor}`, {
      token: bob!.token,
    })
    expect(rest.body.items.map((member: { role: string }) => member.role)).toEqual(['admin'])
  })
})
