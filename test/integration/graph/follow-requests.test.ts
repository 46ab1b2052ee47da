import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApproveWaiting } from '../../../src/services/graph/approve-waiting.ts'
import { deleteEdges } from '../../../src/services/graph/edges.ts'
import { lockFeedStates } from '../../../src/services/distribution/feed-state.ts'
import { lockAwaited } from '../../support/worlds/feed-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

/** A private account, and some who have asked to follow it, the first of them first. */
async function asked(count: number): Promise<[author: Person, ...askers: Person[]]> {
  const [author, ...askers] = await world.people(count + 1)
  await world.setPrivate(author!, true)
  for (const asker of askers) expect(await world.follow(asker, author!)).toBe(200)
  return [author!, ...askers]
}
const received = (author: Person) => world.names(author, '/me/follow-requests')
const relationship = async (viewer: Person, of: Person) => (await world.profile(viewer, of)).relationship
const namesOf = (...people: Person[]) => people.map(({ username }) => username)

describe('a request to follow', () => {
  it('gives no right until it is approved', async () => {
    const [author, asker] = await asked(1)
    const photoId = await world.seedPhoto({ ownerId: author.id })
    const sees = async () =>
      (await world.call('GET', `/v1/photos/${photoId}`, { token: asker!.token })).status === 200
    expect(await sees()).toBe(false)
    expect(await relationship(asker!, author)).toMatchObject({ following: false, requested: true })
    expect(await world.profile(author, author)).toMatchObject({ followerCount: 0 })
    for (let n = 0; n < 2; n++) {
      expect(await world.approve(author, asker!)).toBe(204)
      expect(await sees()).toBe(true)
      expect(await relationship(asker!, author)).toMatchObject({ following: true, requested: false })
      expect(await world.profile(author, author)).toMatchObject({ followerCount: 1 })
    }
    expect(await received(author)).toEqual([])
  })

  it('is listed latest first, without accounts hidden from its owner', async () => {
    const [author, first, second, third, fourth] = await asked(4)
    expect(await received(author)).toEqual(namesOf(fourth!, third!, second!, first!))
    await world.setStatus(first!, 'suspended')
    await world.setStatus(second!, 'deactivated')
    await world.block(third!, author)
    expect(await received(author)).toEqual(namesOf(fourth!))
    for (const hidden of [first!, second!, third!]) {
      expect(await world.approve(author, hidden)).toBe(404)
      expect(await world.decline(author, hidden)).toBe(404)
    }
    await world.setStatus(first!, 'active')
    expect(await received(author)).toEqual(namesOf(fourth!, first!))
  })

  it('ends when it is declined or withdrawn, and may be sent again', async () => {
    const [author, asker] = await asked(1)
    for (const end of [() => world.decline(author, asker!), () => world.unfollow(asker!, author)]) {
      for (let n = 0; n < 2; n++) expect(await end()).toBe(204)
      expect(await received(author)).toEqual([])
      expect(await relationship(asker!, author)).toMatchObject({ following: false, requested: false })
      expect(await world.approve(author, asker!)).toBe(404)
      expect(await world.follow(asker!, author)).toBe(200)
      expect(await received(author)).toEqual(namesOf(asker!))
    }
  })

  it('is answered by the account that received it alone', async () => {
    const [author, asker] = await asked(1)
    const [other] = await world.people(1)
    expect(await world.approve(asker!, author)).toBe(404)
    expect(await world.approve(other!, asker!)).toBe(404)
    expect(await world.decline(other!, asker!)).toBe(204)
    expect(await received(author)).toEqual(namesOf(asker!))
    expect(await received(other!)).toEqual([])
  })

  it('takes the state of the account at that moment', async () => {
    const [author, reader] = await world.people(2)
    const follow = async () =>
      (await world.call('PUT', `/v1/users/${author!.username}/follow`, { token: reader!.token })).body
    expect(await follow()).toEqual({ status: 'following' })
    await world.setPrivate(author!, true)
    expect(await follow()).toEqual({ status: 'following' })
    await world.unfollow(reader!, author!)
    expect(await follow()).toEqual({ status: 'requested' })
    await world.setPrivate(author!, false)
    expect(await follow()).toEqual({ status: 'following' })
  })
})

describe('an account that turns private', () => {
  it('keeps its followers and narrows its public photos in one step', async () => {
    const [author, follower, stranger] = await world.people(3)
    await world.follow(follower!, author!)
    const photoId = await world.seedPhoto({ ownerId: author!.id })
    await expect.poll(() => world.profile(stranger!, author!)).toMatchObject({ photoCount: 1 })
    for (const one of [follower!, stranger!]) await world.readFromReplica(one)
    expect(await world.setPrivate(author!, true)).toBe(200)
    for (const [viewer, status, photoCount] of [
      [follower!, 200, 1],
      [stranger!, 404, 0],
    ] as const) {
      expect((await world.call('GET', `/v1/photos/${photoId}`, { token: viewer.token })).status).toBe(status)
      expect(await world.profile(viewer, author!)).toMatchObject({
        isPrivate: true,
        photoCount,
        followerCount: 1,
      })
      const listed = await world.call('GET', `/v1/users/${author!.username}/photos`, { token: viewer.token })
      expect(listed.status).toBe(status === 200 ? 200 : 403)
    }
  })

  it('is obeyed by the replica every time', async () => {
    const [author, stranger] = (await world.people(2)) as [Person, Person]
    const photoId = await world.seedPhoto({ ownerId: author.id })
    const found = async () => {
      await world.readFromReplica(stranger)
      const { body } = await world.call('GET', `/v1/photos?ids=${photoId}`, { token: stranger.token })
      return body.items.length
    }
    for (let n = 0; n < 15; n++) {
      await world.setPrivate(author, true)
      expect(await found()).toBe(0)
      await world.setPrivate(author, false)
      await expect.poll(found).toBe(1)
    }
  })

  it('is edited with the rest, and only while it is as expected', async () => {
    const [author] = await world.people(1)
    const me = await world.call('GET', '/v1/me', { token: author!.token })
    const edit = (body: object, tag = me.headers.get('ETag')!) =>
      world.call('PATCH', '/v1/me', { token: author!.token, body, headers: { 'If-Match': tag } })
    const edited = await edit({ isPrivate: true, bio: 'Shy.' })
    expect(edited.body.user).toMatchObject({ isPrivate: true, bio: 'Shy.', displayName: null })
    expect((await edit({ isPrivate: false })).status).toBe(412)
    expect((await edit({ displayName: 'Ann' }, '*')).body.user).toMatchObject({
      isPrivate: true,
      displayName: 'Ann',
    })
  })
})

describe('an account that turns public', () => {
  it('approves the requests that wait, except of hidden accounts', async () => {
    const [author, suspended, ...askers] = await asked(4)
    await world.setStatus(suspended!, 'suspended')
    const before = await world.db.primary<{ epoch: string }>({
      text: 'SELECT epoch FROM feed_state WHERE user_id = $1',
      values: [askers[0]!.id],
    })
    expect(await world.setPrivate(author, false)).toBe(200)
    expect(await received(author)).toEqual([])
    expect((await world.names(author, `/users/${author.username}/followers`)).sort()).toEqual(
      namesOf(...askers).sort(),
    )
    expect(await world.profile(author, author)).toMatchObject({ followerCount: 3 })
    for (const asker of askers) {
      expect(await relationship(asker, author)).toMatchObject({ following: true, requested: false })
      expect(await world.profile(asker, asker)).toMatchObject({ followingCount: 1 })
    }
    const after = await world.db.primary<{ epoch: string }>({
      text: 'SELECT epoch FROM feed_state WHERE user_id = $1',
      values: [askers[0]!.id],
    })
    expect(Number(after[0]!.epoch)).toBe(Number(before[0]!.epoch) + 1)
  })

  it('approves the rest in batches, those that wait longest first', async () => {
    const [author, ...askers] = await asked(5)
    const approveWaiting = createApproveWaiting({ db: world.db, limit: 2 })
    expect(await approveWaiting(author.id)).toBe(0)
    // As if the first batch had not taken them.
    await world.db.primary({
      text: 'UPDATE users SET is_private = false WHERE user_id = $1',
      values: [author.id],
    })
    expect(await approveWaiting(author.id)).toBe(2)
    expect(await world.names(author, `/users/${author.username}/followers`)).toHaveLength(2)
    expect(await received(author)).toEqual(namesOf(askers[4]!, askers[3]!, askers[2]!))
    expect([await approveWaiting(author.id), await approveWaiting(author.id)]).toEqual([2, 1])
    expect(await approveWaiting(author.id)).toBe(0)
    expect(await world.profile(author, author)).toMatchObject({ followerCount: 5 })
    expect(await world.contradictions()).toEqual([])
  })
})

describe('approving what waits', () => {
  it('leaves out those who withdraw or block while it waits for them', async () => {
    const [author, withdrawing, blocking, staying] = (await asked(3)) as [Person, Person, Person, Person]
    const { opening } = await world.db.transaction(async (tx) => {
      await lockFeedStates(tx, author.id, withdrawing.id, blocking.id)
      const opening = world.setPrivate(author, false)
      await lockAwaited(world.db, '%INSERT INTO feed_state%')
      const edge = { followerId: withdrawing.id, followeeId: author.id }
      await deleteEdges(tx, [edge])
      await tx.query({
        text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
        values: [blocking.id, author.id],
      })
      return { opening }
    })
    expect(await opening).toBe(200)
    expect(await world.names(author, `/users/${author.username}/followers`)).toEqual(namesOf(staying))
    expect(await world.profile(author, author)).toMatchObject({ followerCount: 1 })
  })
})

describe('an account that is new', () => {
  it('is public', async () => {
    const [author] = await world.people(1)
    expect(await world.profile(author!, author!)).toMatchObject({ isPrivate: false })
  })
})
