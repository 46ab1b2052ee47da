import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path: string, body?: unknown, headers = {}) =>
  world.call(method, `/v1${path}`, { token: who?.token, body, headers })

describe('an album', () => {
  it('is created, read, edited and deleted', async () => {
    const [ann] = await world.people(1)
    const created = await call(ann, 'POST', '/albums', { title: ' Zürich ', description: 'Fog' })
    expect(created.status).toBe(201)
    const { album } = created.body
    expect(created.headers.get('Location')).toBe(`/v1/albums/${album.id}`)
    expect(album).toEqual({
      id: expect.any(String),
      owner: { id: ann!.id, username: ann!.username, displayName: null, avatarUrl: null },
      title: 'Zürich',
      description: 'Fog',
      visibility: 'public',
      order: 'position',
      role: 'owner',
      photoCount: 0,
      cover: null,
      createdAt: expect.any(String),
    })
    expect(await world.seen(ann!, album.id)).toEqual(album)

    const edits = { title: 'Fog', description: null, visibility: 'private', order: 'date' }
    const edited = await call(ann, 'PATCH', `/albums/${album.id}`, edits)
    expect(edited.body.album).toEqual({ ...album, ...edits })
    expect(await world.seen(ann!, album.id)).toEqual(edited.body.album)

    expect((await call(ann, 'DELETE', `/albums/${album.id}`)).status).toBe(204)
    expect(await world.seen(ann!, album.id)).toBeUndefined()
    expect((await call(ann, 'DELETE', `/albums/${album.id}`)).status).toBe(404)
  })

  it('is edited only at the version that If-Match names', async () => {
    const [ann] = await world.people(1)
    const albumId = await world.album(ann!)
    const path = `/albums/${albumId}`
    const tag = (await call(ann, 'GET', path)).headers.get('ETag')!
    expect((await call(ann, 'GET', path, undefined, { 'If-None-Match': tag })).status).toBe(304)
    // Photos come and go without a new version.
    await world.add(ann!, albumId, await world.seedPhoto({ ownerId: ann!.id }))
    const edit = (title: string, ifMatch: string) =>
      call(ann, 'PATCH', path, { title }, { 'If-Match': ifMatch })
    const first = await edit('First', tag)
    expect(first.status).toBe(200)
    expect((await edit('Second', tag)).body.code).toBe('precondition_failed')
    expect((await edit('First', first.headers.get('ETag')!)).headers.get('ETag')).toBe(
      first.headers.get('ETag'),
    )
    expect((await edit('Third', '*')).status).toBe(200)
    const both = await Promise.all(['Fourth', 'Fifth'].map((title) => edit(title, 'W/"3.x"')))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
  })

  it('is created once for an Idempotency-Key', async () => {
    const [ann] = await world.people(1)
    const create = (title: string) => call(ann, 'POST', '/albums', { title }, { 'Idempotency-Key': 'k' })
    const [first, again] = [await create('One'), await create('One')]
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('Location')).toBe(first.headers.get('Location'))
    expect((await create('Two')).body.code).toBe('idempotency_mismatch')
    expect(await world.ids(ann!, '/me/albums')).toHaveLength(1)
  })

  it.each([
    [{}, 'body.title'],
    [{ title: '' }, 'body.title'],
    [{ title: ' \u3164 ' }, 'body.title'],
    [{ title: null }, 'body.title'],
    [{ title: 'a\nb' }, 'body.title'],
    [{ title: 'x'.repeat(101) }, 'body.title'],
    [{ title: 'A', description: 'x'.repeat(2_001) }, 'body.description'],
    [{ title: 'A', visibility: 'friends' }, 'body.visibility'],
    [{ title: 'A', order: 'random' }, 'body.order'],
    [{ title: 'A', coverPhotoId: 'x' }, 'body.coverPhotoId'],
    [{ title: 'A', owner: 'x' }, 'body.owner'],
  ])('is refused with bad input: %j', async (body, path) => {
    const [ann] = await world.people(1)
    const answer = await call(ann, 'POST', '/albums', body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error: Json) => error.path)).toEqual([path])
    expect(await world.ids(ann!, '/me/albums')).toEqual([])
  })

  it('keeps its texts harmless', async () => {
    const [ann] = await world.people(1)
    const albumId = await world.album(ann!, { title: 'Ada \u202egpj.exe', description: '\u200b' })
    expect(await world.seen(ann!, albumId)).toMatchObject({ title: 'Ada gpj.exe', description: null })
  })

  it('asks for a sign-in on every route', async () => {
    const [ann] = await world.people(1)
    const albumId = await world.album(ann!, { visibility: 'public' })
    const photoId = await world.seedPhoto({ ownerId: ann!.id })
    const ofAlbums = world.api.routes.filter(({ path }) => path.includes('albums'))
    expect(ofAlbums).toHaveLength(22)
    for (const { method, path } of ofAlbums) {
      const filled = path
        .replace('/v1', '')
        .replace(':albumId', albumId)
        .replace(/:(photoId|itemId|linkId)/, photoId)
        .replace(':username', ann!.username)
      expect([path, (await call(undefined, method.toUpperCase(), filled)).status]).toEqual([path, 401])
    }
  })
})

describe('a cover', () => {
  it('is the chosen photo, or the first that the viewer sees', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!, { visibility: 'public' })
    const hidden = await world.seedPhoto({ ownerId: ann!.id, visibility: 'private' })
    const [first, chosen] = [
      await world.seedPhoto({ ownerId: ann!.id }),
      await world.seedPhoto({ ownerId: ann!.id }),
    ]
    for (const photoId of [hidden, first, chosen]) expect(await world.add(ann!, albumId, photoId)).toBe(204)
    const coverOf = async (viewer: Person) => (await world.seen(viewer, albumId)).cover?.id
    expect([await coverOf(ann!), await coverOf(bob!)]).toEqual([hidden, first])

    const choose = (coverPhotoId: string | null) => call(ann, 'PATCH', `/albums/${albumId}`, { coverPhotoId })
    expect((await choose(chosen)).body.album.cover.id).toBe(chosen)
    expect(await coverOf(bob!)).toBe(chosen)
    await world.editPhoto(ann!, chosen, { visibility: 'private' })
    expect([await coverOf(ann!), await coverOf(bob!)]).toEqual([chosen, first])
    await call(ann, 'DELETE', `/photos/${chosen}`)
    expect([await coverOf(ann!), await coverOf(bob!)]).toEqual([hidden, first])

    expect((await choose(chosen)).body.errors[0].path).toBe('body.coverPhotoId')
    expect((await choose(await world.seedPhoto({ ownerId: ann!.id }))).status).toBe(422)
    expect((await choose(null)).status).toBe(200)
  })

  it('of a new album is added to it, and is a photo of the owner', async () => {
    const [ann, bob] = await world.people(2)
    const coverPhotoId = await world.seedPhoto({ ownerId: ann!.id })
    const albumId = await world.album(ann!, { coverPhotoId })
    expect(await world.seen(ann!, albumId)).toMatchObject({ photoCount: 1, cover: { id: coverPhotoId } })
    const answer = await call(bob, 'POST', '/albums', { title: 'A', coverPhotoId })
    expect(answer.body.errors).toMatchObject([{ path: 'body.coverPhotoId' }])
  })
})

describe('lists of albums', () => {
  it('hold what one owns and has joined, latest joined first', async () => {
    const [ann, bob] = await world.people(2)
    const own: string[] = []
    for (let n = 0; n < 3; n++) own.unshift(await world.album(ann!))
    const joined = await world.album(bob!)
    await world.album(bob!)
    await world.invite(bob!, joined, ann!)
    expect(await world.ids(ann!, '/me/albums', 2)).toEqual([joined, ...own])
    await world.leave(ann!, joined)
    expect(await world.ids(ann!, '/me/albums', 2)).toEqual(own)
  })

  it('of a user and of a photo hold those that the viewer may see', async () => {
    const [ann, follower, member, stranger] = await world.people(4)
    await world.follow(follower!, ann!)
    const photoId = await world.seedPhoto({ ownerId: ann!.id })
    const ids: Record<string, string> = {}
    for (const visibility of ['public', 'followers', 'private']) {
      ids[visibility] = await world.album(ann!, { visibility })
      await world.add(ann!, ids[visibility], photoId)
    }
    await world.invite(ann!, ids.private!, member!)
    const expected = [
      [ann!, ['private', 'followers', 'public']],
      [follower!, ['followers', 'public']],
      [member!, ['private', 'public']],
      [stranger!, ['public']],
    ] as const
    for (const [viewer, visibilities] of expected) {
      const seen = visibilities.map((visibility) => ids[visibility])
      expect(await world.ids(viewer, `/users/${ann!.username}/albums`, 1)).toEqual(seen)
      expect(await world.ids(viewer, `/photos/${photoId}/albums`, 1)).toEqual(seen)
    }
    await world.setPrivate(ann!, true)
    const closed = await call(stranger, 'GET', `/users/${ann!.username}/albums`)
    expect(closed.body.code).toBe('account_private')
    expect(await world.ids(follower!, `/users/${ann!.username}/albums`)).toEqual([ids.followers, ids.public])
    expect(await world.ids(stranger!, `/photos/${photoId}/albums`)).toBeUndefined()
    expect(await world.seen(stranger!, ids.public!)).toBeUndefined()
    expect(await world.ids(stranger!, `/users/nobody-has-this/albums`)).toBeUndefined()
  })

  it('load a page of albums and covers with a bounded number of statements', async () => {
    const [ann] = await world.people(1)
    for (let n = 0; n < 4; n++) {
      await world.album(ann!, { coverPhotoId: await world.seedPhoto({ ownerId: ann!.id }) })
    }
    /** Their names; the process runs others of its own meanwhile. */
    const statements = async (limit: number) => {
      const { primary, replica } = world.db
      const names: (string | undefined)[] = []
      const noting =
        (run: typeof primary): typeof primary =>
        (statement) => {
          if (/album|photo-cards/.test(statement.name ?? '')) names.push(statement.name)
          return run(statement)
        }
      Object.assign(world.db, { primary: noting(primary), replica: noting(replica) })
      const { body } = await call(ann, 'GET', `/me/albums?limit=${limit}`)
      Object.assign(world.db, { primary, replica })
      expect(body.items.filter((album: Json) => album.cover)).toHaveLength(limit)
      return names
    }
    expect(await statements(4)).toEqual(['albums-of-viewer', 'album-cards', 'photo-cards'])
    expect(await statements(1)).toHaveLength(3)
  })
})

describe('limits', () => {
  it('hold for albums of an account, however many requests come at once', async () => {
    const [ann] = await world.people(1)
    await world.db.primary({
      text: `INSERT INTO albums (album_id, owner_id, title)
             SELECT gen_random_uuid(), $1, 'A' FROM generate_series(1, 998)`,
      values: [ann!.id],
    })
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => call(ann, 'POST', '/albums', { title: 'A' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 403, 403, 403, 403])
    expect(answers.find(({ status }) => status === 403)!.body.code).toBe('quota_exceeded')
  })

  it('hold for photos of an album and members, however many come at once', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, bob!, 'contributor')
    const photosOf = (owner: Person) =>
      Promise.all(Array.from({ length: 3 }, () => world.seedPhoto({ ownerId: owner.id })))
    const [annas, bobs] = [await photosOf(ann!), await photosOf(bob!)]
    await world.db.primary({
      text: 'UPDATE albums SET photo_count = photo_count + 19996 WHERE album_id = $1',
      values: [albumId],
    })
    const added = await Promise.all([
      ...annas.map((photoId) => world.add(ann!, albumId, photoId)),
      ...bobs.map((photoId) => world.add(bob!, albumId, photoId)),
    ])
    expect(added.sort()).toEqual([204, 204, 204, 204, 403, 403])

    await world.db.primary({
      text: `WITH made AS (
               INSERT INTO users (username, password_hash) SELECT 'm' || replace(gen_random_uuid()::text, '-', ''), 'x'
               FROM generate_series(1, 96) RETURNING user_id)
             INSERT INTO album_members (album_id, user_id, role) SELECT $1, user_id, 'viewer' FROM made`,
      values: [albumId],
    })
    const guests = await world.people(4)
    const invited = await Promise.all(guests.map((guest) => world.invite(ann!, albumId, guest)))
    expect(invited.sort()).toEqual([200, 200, 403, 403])
  })

  it('hold for albums of a photo', async () => {
    const [ann] = await world.people(1)
    const photoId = await world.seedPhoto({ ownerId: ann!.id })
    await world.db.primary({
      text: `WITH made AS (
               INSERT INTO albums (album_id, owner_id, title) SELECT gen_random_uuid(), $1, 'A'
               FROM generate_series(1, 500) RETURNING album_id), twice AS (
               INSERT INTO albums (album_id, owner_id, title) SELECT gen_random_uuid(), user_id, 'A'
               FROM generate_series(1, 499), (SELECT user_id FROM users WHERE user_id <> $1 LIMIT 1) u RETURNING album_id)
             INSERT INTO album_photos (album_id, photo_id, added_by, position, score)
             SELECT album_id, $2, $1, 0, 0 FROM (SELECT * FROM made UNION ALL SELECT * FROM twice) a`,
      values: [ann!.id, photoId],
    })
    const albumIds = await Promise.all([1, 2, 3].map(() => world.album(ann!)))
    const added = await Promise.all(albumIds.map((albumId) => world.add(ann!, albumId, photoId)))
    expect(added.sort()).toEqual([204, 403, 403])
    expect((await call(ann, 'DELETE', `/photos/${photoId}`)).status).toBe(204)
  })
})

describe('an upload with albumId', () => {
  const upload = (who: Person, albumId: string, headers = {}) =>
    call(who, 'POST', '/photos', { contentType: 'image/jpeg', bytes: 10, albumId }, headers)

  it('adds the photo to the album, for its owner to see until it is ready', async () => {
    const [ann, bob] = await world.people(2)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, bob!, 'contributor')
    const { status, body } = await upload(bob!, albumId)
    expect(status).toBe(201)
    expect(await world.photosIn(bob!, albumId)).toEqual([body.photo.id])
    expect(await world.photosIn(ann!, albumId)).toEqual([])
  })

  it('is refused to those who may not add photos, and stores nothing', async () => {
    const [ann, viewer, stranger] = await world.people(3)
    const albumId = await world.album(ann!)
    await world.invite(ann!, albumId, viewer!)
    const before = await world.rowCounts()
    expect((await upload(viewer!, albumId)).status).toBe(403)
    expect((await upload(stranger!, albumId)).status).toBe(404)
    expect((await upload(ann!, ann!.id)).body.errors[0].path).toBe('body.albumId')
    expect(await world.rowCounts()).toEqual(before)
  })

  it('that fails leaves the album', async () => {
    const [ann] = await world.people(1)
    const albumId = await world.album(ann!)
    const { body } = await upload(ann!, albumId)
    await world.db.primary({
      text: `UPDATE photos SET status = 'failed', failure_code = 'truncated' WHERE photo_id = $1`,
      values: [body.photo.id],
    })
    expect(await world.seen(ann!, albumId)).toMatchObject({ photoCount: 0 })
    expect(await world.add(ann!, albumId, body.photo.id)).toBe(422)
  })
})
