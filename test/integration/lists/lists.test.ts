import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ANONYMOUS } from '../../../src/domain/viewer.ts'
import { INDEX_VERSION } from '../../../src/infra/opensearch/mapping.ts'
import { encodeCursor } from '../../../src/services/lists/cursor.ts'
import { ACCESS_TABLE } from '../../../src/domain/access.table.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../../src/domain/visibility.ts'
import { makePrivate } from '../../support/factories/accounts.ts'
import { follow as buildFollow } from '../../support/factories/follows.ts'
import { settle } from '../../support/replica.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

/** The cases that need nothing but accounts; test/integration/access has all. */
const VIEWERS = ['anonymous', 'stranger', 'follower', 'owner'] as const
const OPEN_ACCOUNTS = ACCESS_TABLE.filter(
  (row) =>
    row.ownerStatus === 'active' &&
    !row.ownerIsPrivate &&
    row.block === 'none' &&
    row.grant === 'none' &&
    row.viewer !== 'link',
)

describe('who sees what, and in which order', () => {
  let world: ApiWorld
  let owner: Person
  let follower: Person
  let stranger: Person

  beforeAll(async () => {
    world = await openApiWorld()
    owner = await world.signUp()
    follower = await world.signUp()
    stranger = await world.signUp()
    await follow(follower, owner)
  })
  afterAll(() => world?.close())

  const follow = (who: Person, whom: Person) =>
    world.call('PUT', `/v1/users/${whom.username}/follow`, { token: who.token })
  const unfollow = (who: Person, whom: Person) =>
    world.call('DELETE', `/v1/users/${whom.username}/follow`, { token: who.token })
  const tokenOf = (kind: string) =>
    new Map([
      ['owner', owner],
      ['follower', follower],
      ['stranger', stranger],
    ]).get(kind)?.token

  /** Walks a list to its end. */
  async function walk(path: string, token: string | undefined, limit = 3): Promise<Json[]> {
    const items: Json[] = []
    let cursor: string | null = null
    do {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page = await world.call('GET', `${path}?limit=${limit}${at}`, { token })
      expect(page.status).toBe(200)
      expect(page.body.items.length).toBeLessThanOrEqual(limit)
      items.push(...page.body.items)
      cursor = page.body.nextCursor
    } while (cursor !== null)
    return items
  }
  /** The replica is a moment behind on what was added, never on what was taken away. */
  const expectIds = (path: string, token: string | undefined, limit?: number) =>
    expect.poll(async () => idsOf(await walk(path, token, limit)), { timeout: 5_000 })
  const idsOf = (items: { id: string }[]) => items.map(({ id }) => id)

  describe('the table of visibility, through HTTP', () => {
    const photos = new Map<string, string>()
    const keyOf = (photo: { visibility: string; status: string }) => `${photo.visibility} ${photo.status}`

    beforeAll(async () => {
      for (const visibility of VISIBILITIES) {
        for (const status of PHOTO_STATUSES) {
          const id = await world.seedPhoto({ ownerId: owner.id, visibility, status })
          photos.set(keyOf({ visibility, status }), id)
        }
      }
    })

    it.each(OPEN_ACCOUNTS)('$viewer of a $visibility, $status photo sees it: $visible', async (row) => {
      const id = photos.get(keyOf(row))!
      const token = tokenOf(row.viewer)
      const one = await world.call('GET', `/v1/photos/${id}`, { token })
      expect(one.status).toBe(row.visible ? 200 : 404)
      if (!row.visible) expect(JSON.stringify(one.body)).not.toContain(id)
      const several = () => world.call('GET', `/v1/photos?ids=${id}`, { token })
      await expect.poll(async () => idsOf((await several()).body.items)).toEqual(row.visible ? [id] : [])
    })

    it.each(VIEWERS)('shows the profile list for %s', async (viewer) => {
      const expected = OPEN_ACCOUNTS.filter(
        (row) => row.viewer === viewer && row.visible && row.status === 'ready',
      ).map((row) => photos.get(keyOf(row))!)
      await expect
        .poll(async () => idsOf(await walk(`/v1/users/${owner.username}/photos`, tokenOf(viewer))).sort())
        .toEqual([...expected].sort())
    })

    it.each(['anonymous', 'stranger', 'follower'] as const)(
      'counts no more on the profile than %s may see',
      async (viewer) => {
        const count = OPEN_ACCOUNTS.filter(
          (row) => row.viewer === viewer && row.visible && row.status === 'ready',
        ).length
        const profile = () => world.call('GET', `/v1/users/${owner.username}`, { token: tokenOf(viewer) })
        await expect.poll(async () => (await profile()).body.user.photoCount).toBe(count)
      },
    )

    it('treats a hidden photo as absent in every request', async () => {
      const hidden = photos.get('private ready')!
      const absent = '01a2036c-aeb9-7176-8322-8600c64a45cb'
      for (const [method, suffix, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { caption: 'x' }],
        ['DELETE', '', undefined],
        ['GET', '/original', undefined],
        ['GET', '/progress', undefined],
        ['POST', '/complete', undefined],
        ['POST', '/upload', undefined],
      ] as const) {
        const answer = async (id: string) => {
          const { status, body: problem } = await world.call(method, `/v1/photos/${id}${suffix}`, {
            token: stranger.token,
            ...(body ? { body } : {}),
          })
          return { status, ...problem, requestId: '' }
        }
        expect(await answer(hidden)).toEqual(await answer(absent))
      }
    })
  })

  it('a private account keeps its lists and image URLs to its followers', async () => {
    const author = await world.signUp()
    const [reader, other] = [await world.signUp(), await world.signUp()]
    await follow(reader, author)
    const id = await world.seedPhoto({ ownerId: author.id, visibility: 'public' })
    await makePrivate(world.db, author.id)
    for (const list of ['photos', 'followers', 'following']) {
      const path = `/v1/users/${author.username}/${list}`
      for (const token of [other.token, undefined]) {
        const refused = await world.call('GET', path, { token })
        expect(refused).toMatchObject({ status: 403, body: { code: 'account_private' } })
      }
      expect(await world.call('GET', path, { token: reader.token })).toMatchObject({ status: 200 })
    }
    expect((await world.call('GET', `/v1/photos/${id}`, { token: other.token })).status).toBe(404)
    const shown = await world.call('GET', `/v1/photos/${id}`, { token: reader.token })
    expect(shown.body.photo.variants[0].expiresAt).toBeDefined()
    expect((await follow(other, author)).body).toEqual({ status: 'requested' })
    const profile = await world.call('GET', `/v1/users/${author.username}`, { token: other.token })
    expect(profile.body.user).toMatchObject({ photoCount: 0, relationship: { requested: true } })
  })

  describe('rights act at once', () => {
    it('take followers’ photos away at once on unfollow and removal', async () => {
      const [author, reader] = [await world.signUp(), await world.signUp()]
      const id = await world.seedPhoto({ ownerId: author.id, visibility: 'followers' })
      const sees = async () => {
        const list = await world.call('GET', `/v1/users/${author.username}/photos`, { token: reader.token })
        const feed = await world.call('GET', '/v1/feed', { token: reader.token })
        const one = await world.call('GET', `/v1/photos/${id}`, { token: reader.token })
        return [list.body.items.length === 1, feed.body.items.length === 1, one.status === 200]
      }
      expect(await sees()).toEqual([false, false, false])
      for (const end of [
        () => unfollow(reader, author),
        () => world.call('DELETE', `/v1/me/followers/${reader.username}`, { token: author.token }),
      ]) {
        await follow(reader, author)
        expect(await sees()).toEqual([true, true, true])
        expect((await end()).status).toBe(204)
        expect(await sees()).toEqual([false, false, false])
      }
    })

    it('apply on the replica every time', async () => {
      expect(world.db.rotation.inRotation()).toBe(true)
      const author = await world.signUp()
      // Someone who has not written reads from the replica.
      const reader = await world.signUp()
      await buildFollow(world.db, reader.id, author.id)
      await settle(world.db)
      const listed = async () => idsOf(await walk(`/v1/users/${author.username}/photos`, reader.token))
      const fed = async () => idsOf(await walk('/v1/feed', reader.token))
      const at = 1_700_000_000_000
      const left: string[] = []
      for (let index = 0; index < 15; index++) {
        left.unshift(
          await world.seedPhoto({ ownerId: author.id, visibility: 'followers', publishedAt: at + index }),
        )
      }
      await expect.poll(listed).toEqual(left)
      expect(await fed()).toEqual(left)
      while (left.length > 0) {
        const path = `/v1/photos/${left.shift()}`
        const change =
          left.length % 2
            ? world.call('DELETE', path, { token: author.token })
            : world.call('PATCH', path, { token: author.token, body: { visibility: 'private' } })
        expect((await change).status).toBeLessThan(300)
        expect(await listed()).toEqual(left)
        expect(await fed()).toEqual(left)
      }
    })

    it('remove a narrowed photo from the lists and feeds of others', async () => {
      const [author, reader] = [await world.signUp(), await world.signUp()]
      const id = await world.seedPhoto({ ownerId: author.id })
      await follow(reader, author)
      const feedOf = async (person: Person) =>
        idsOf((await world.call('GET', '/v1/feed', { token: person.token })).body.items)
      expect(await feedOf(reader)).toEqual([id])
      await world.call('PATCH', `/v1/photos/${id}`, { token: author.token, body: { visibility: 'private' } })
      expect(await feedOf(reader)).toEqual([])
      expect(idsOf(await walk(`/v1/users/${author.username}/photos`, reader.token))).toEqual([])
      expect(idsOf(await walk(`/v1/users/${author.username}/photos`, author.token))).toEqual([id])
    })
  })

  describe('following', () => {
    it('is idempotent both ways and counted once', async () => {
      const [one, two] = [await world.signUp(), await world.signUp()]
      const profile = async (of: Person, by: Person) =>
        (await world.call('GET', `/v1/users/${of.username}`, { token: by.token })).body.user
      for (let round = 0; round < 2; round++) {
        expect(await follow(one, two)).toMatchObject({ status: 200, body: { status: 'following' } })
      }
      expect(await profile(two, one)).toMatchObject({
        followerCount: 1,
        followingCount: 0,
        relationship: {
          following: true,
          followedBy: false,
          requested: false,
          blocking: false,
          muting: false,
        },
      })
      expect(await profile(one, two)).toMatchObject({ followingCount: 1, relationship: { followedBy: true } })
      for (let round = 0; round < 2; round++) expect((await unfollow(one, two)).status).toBe(204)
      expect(await profile(two, one)).toMatchObject({ followerCount: 0, relationship: { following: false } })
    })

    it('neither deadlocks nor miscounts when many do it at once', async () => {
      const people = await Promise.all(Array.from({ length: 6 }, () => world.signUp()))
      const pairs = people.flatMap((who) =>
        people.filter((whom) => whom !== who).map((whom) => [who, whom] as const),
      )
      const answers = await Promise.all(pairs.map(([who, whom]) => follow(who, whom)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      for (const person of people) {
        const { body } = await world.call('GET', `/v1/users/${person.username}`, { token: person.token })
        expect(body.user).toMatchObject({ followerCount: 5, followingCount: 5 })
      }
      const epochs = await world.db.primary<{ epoch: string }>({
        text: 'SELECT epoch FROM feed_state WHERE user_id = ANY ($1)',
        values: [people.map(({ id }) => id)],
      })
      expect(epochs.map(({ epoch }) => Number(epoch))).toEqual(people.map(() => 5))
    })
  })

  describe('lists', () => {
    it('order photos newest first, with cursors that never shift', async () => {
      const author = await world.signUp()
      const at = 1_700_000_000_000
      const ids: string[] = []
      for (let index = 0; index < 9; index++) {
        ids.push(await world.seedPhoto({ ownerId: author.id, publishedAt: at + Math.floor(index / 3) }))
      }
      const newestFirst = [...ids].sort((a, b) => {
        const [left, right] = [Math.floor(ids.indexOf(a) / 3), Math.floor(ids.indexOf(b) / 3)]
        return right - left || (a < b ? 1 : -1)
      })
      const path = `/v1/users/${author.username}/photos`
      await expectIds(path, undefined, 2).toEqual(newestFirst)
      const first = await world.call('GET', `${path}?limit=4`)
      await world.seedPhoto({ ownerId: author.id, publishedAt: at + 100 })
      await world.call('DELETE', `/v1/photos/${newestFirst[3]}`, { token: author.token })
      await world.call('DELETE', `/v1/photos/${newestFirst[5]}`, { token: author.token })
      const second = await world.call('GET', `${path}?limit=4&cursor=${first.body.nextCursor}`)
      expect(idsOf(second.body.items)).toEqual([4, 6, 7, 8].map((index) => newestFirst[index]))
      expect(second.body.nextCursor).toBeNull()
    })

    it('order followers and followees by the newest edge', async () => {
      const hub = await world.signUp()
      const others = await Promise.all(Array.from({ length: 7 }, () => world.signUp()))
      for (const other of others) {
        await follow(other, hub)
        await follow(hub, other)
      }
      const newestFirst = others.map(({ id }) => id).reverse()
      await expectIds(`/v1/users/${hub.username}/followers`, undefined).toEqual(newestFirst)
      await expectIds(`/v1/users/${hub.username}/following`, stranger.token).toEqual(newestFirst)
    })

    it('are read with listed(), whatever their route', () => {
      const lists = world.api.routes.filter(({ description }) => {
        const ok = description.operation?.responses[200]
        return ok instanceof z.ZodObject && 'nextCursor' in ok.shape
      })
      expect(lists.length).toBeGreaterThanOrEqual(7)
      for (const { path, description } of lists) expect(description.list, path).toBe(true)
    })

    it('show an account its own writes while the replica stands still', async () => {
      const author = await world.signUp()
      const photo = await world.seedPhoto({ ownerId: author.id })
      // As after any write of theirs.
      await world.call('PATCH', '/v1/me', { token: author.token, body: { bio: 'new' } })
      const lists = [`/v1/users/${author.username}/photos`, '/v1/feed']
      for (const path of lists) {
        const { body } = await world.call('GET', path, { token: author.token })
        expect(idsOf(body.items), path).toEqual([photo])
      }
    })

    it('of devices are paged, the latest sign-in first', async () => {
      const person = await world.signUp()
      const body = { username: person.username, password: person.password }
      for (let devices = 0; devices < 3; devices++) await world.call('POST', '/v1/sessions', { body })
      const all = await walk('/v1/sessions', person.token, 100)
      expect(all).toHaveLength(4)
      expect(all.map(({ createdAt }) => createdAt)).toEqual(
        all
          .map(({ createdAt }) => createdAt)
          .sort()
          .reverse(),
      )
      expect(idsOf(await walk('/v1/sessions', person.token, 1))).toEqual(idsOf(all))
    })

    it('accept a cursor only with the filters it was made for', async () => {
      const q = `word${Date.now()}`
      const cursor = encodeCursor(
        [1, 2, '0', 3, Date.now(), INDEX_VERSION],
        { viewer: ANONYMOUS, list: '/v1/search/photos', filters: { q } },
        world.api.clients.config.CURSOR_SECRET,
      )
      const at = encodeURIComponent(cursor)
      expect((await world.call('GET', `/v1/search/photos?q=${q}&limit=5&cursor=${at}`)).status).toBe(200)
      for (const other of [`q=${q}x`, `q=${q}&sort=recent`, '']) {
        const answer = await world.call('GET', `/v1/search/photos?${other}&cursor=${at}`)
        expect(answer).toMatchObject({ status: 400, body: { code: 'bad_cursor' } })
      }
    })

    it('accept a cursor only from the same viewer and list', async () => {
      const author = await world.signUp()
      for (let index = 0; index < 3; index++) await world.seedPhoto({ ownerId: author.id })
      const path = `/v1/users/${author.username}/photos`
      await expect.poll(async () => (await walk(path, stranger.token)).length).toBe(3)
      const { nextCursor } = (await world.call('GET', `${path}?limit=1`, { token: stranger.token })).body
      const from = (list: string, token: string | undefined, cursor = nextCursor) =>
        world.call('GET', `${list}?limit=1&cursor=${encodeURIComponent(cursor)}`, { token })
      expect((await from(path, stranger.token)).status).toBe(200)
      for (const answer of [
        await from(path, follower.token),
        await from(path, undefined),
        await from(`/v1/users/${owner.username}/photos`, stranger.token),
        await from(`/v1/users/${author.username}/followers`, stranger.token),
        await from('/v1/feed', stranger.token),
        await from(path, stranger.token, `${nextCursor.slice(0, -1)}${nextCursor.endsWith('A') ? 'B' : 'A'}`),
      ]) {
        expect(answer).toMatchObject({ status: 400, body: { code: 'bad_cursor' } })
      }
    })

    it('page through followed and own photos, once each', async () => {
      const [reader, author, other] = [await world.signUp(), await world.signUp(), await world.signUp()]
      await follow(reader, author)
      const at = 1_700_000_000_000
      const expected: string[] = []
      for (let index = 0; index < 8; index++) {
        const ownerId = [author, reader, other][index % 3]!.id
        const visibility = index === 6 ? 'private' : 'followers'
        const id = await world.seedPhoto({ ownerId, visibility, publishedAt: at + index })
        if (ownerId !== other.id && visibility !== 'private') expected.unshift(id)
      }
      await expectIds('/v1/feed', reader.token, 2).toEqual(expected)
    })
  })
})
