import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchIndex } from '../../../src/services/search/module.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { freshWord } from '../../support/worlds/search-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

const get = (viewer: Person, path: string) => world.call('GET', `/v1${path}`, { token: viewer.token })
const idsOf = ({ body }: { body: Json }) => body.items.map(({ id }: Json) => id)

/** A photo that search finds. */
async function published(owner: Person): Promise<{ photoId: string; tag: string }> {
  const tag = freshWord()
  const photoId = await world.seedPhoto({ ownerId: owner.id, caption: `#${tag}` })
  const { config, openSearch } = world.api.clients
  await openSearchIndex(world.api.clients).searchIndex.indexPhoto(photoId)
  await openSearch.indices.refresh({ index: photosAlias(config.OPENSEARCH_INDEX_PREFIX) })
  return { photoId, tag }
}

/** All that a viewer sees of an account and its photo, and of both sides of a third account's edges. */
async function viewOf(
  viewer: Person,
  of: Person,
  { photoId, tag }: { photoId: string; tag: string },
  third: Person,
) {
  const profile = await world.profile(viewer, of)
  const thirdProfile = await world.profile(viewer, third)
  const found = await get(viewer, `/search/photos?tag=${tag}`)
  return {
    profile: profile !== undefined,
    photo: (await get(viewer, `/photos/${photoId}`)).status === 200,
    ids: idsOf(await get(viewer, `/photos?ids=${photoId}`)).length,
    photos: (await get(viewer, `/users/${of.username}/photos`)).status,
    feed: idsOf(await get(viewer, '/feed')).filter((id: string) => id === photoId).length,
    search: idsOf(found).length,
    total: found.body.total,
    tagged: idsOf(await get(viewer, `/tags/${tag}/photos`)).length,
    followers: (await world.names(viewer, `/users/${third.username}/followers`)).includes(of.username),
    following: (await world.names(viewer, `/users/${third.username}/following`)).includes(of.username),
    counts: [thirdProfile.followerCount, thirdProfile.followingCount],
  }
}

const SEEN = {
  profile: true,
  photo: true,
  ids: 1,
  photos: 200,
  feed: 1,
  search: 1,
  total: 1,
  tagged: 1,
  followers: true,
  following: true,
  counts: [2, 2],
}
const HIDDEN = {
  profile: false,
  photo: false,
  ids: 0,
  photos: 404,
  feed: 0,
  search: 0,
  total: 0,
  tagged: 0,
  followers: false,
  following: false,
  counts: [1, 1],
}

describe('a block', () => {
  it.each(['who makes it', 'whom it meets'])('hides either side from the other at once: %s', async (side) => {
    const [author, reader, third] = (await world.people(3)) as [Person, Person, Person]
    for (const [who, whom] of [
      [author, reader],
      [reader, author],
      [author, third],
      [third, author],
      [reader, third],
      [third, reader],
    ] as const) {
      await world.follow(who, whom)
    }
    const photo = await published(author)
    await expect.poll(() => viewOf(reader, author, photo, third), { timeout: 10_000 }).toEqual(SEEN)
    await world.readFromReplica(reader)
    expect(await viewOf(reader, author, photo, third)).toEqual(SEEN)
    const [blocker, blocked] = side === 'who makes it' ? [reader, author] : [author, reader]
    expect(await world.block(blocker, blocked)).toBe(204)
    const hidden = { ...HIDDEN, profile: side === 'who makes it' }
    expect(await viewOf(reader, author, photo, third)).toEqual(hidden)
    // And whether they have just written or not.
    await world.readFromReplica(reader)
    expect(await viewOf(reader, author, photo, third)).toEqual(hidden)
    expect(await viewOf(third, author, photo, third)).toMatchObject({ ...SEEN, counts: [2, 2] })
  })

  it('ends follows and requests both ways, and restores nothing', async () => {
    const [one, other] = (await world.people(2)) as [Person, Person]
    await world.setPrivate(other, true)
    await world.follow(other, one)
    await world.follow(one, other)
    for (let n = 0; n < 2; n++) expect(await world.block(one, other)).toBe(204)
    expect(await world.profile(one, one)).toMatchObject({ followerCount: 0, followingCount: 0 })
    expect(await world.profile(one, other)).toMatchObject({
      relationship: { blocking: true, following: false, requested: false, followedBy: false },
    })
    for (let n = 0; n < 2; n++) expect(await world.unblock(one, other)).toBe(204)
    expect((await world.profile(one, other)).relationship).toEqual({
      following: false,
      requested: false,
      followedBy: false,
      blocking: false,
      muting: false,
    })
    expect(await world.names(other, '/me/follow-requests')).toEqual([])
    expect(await world.contradictions()).toEqual([])
  })

  it('answers a blocked viewer as if the account were absent', async () => {
    const [blocker, blocked] = (await world.people(2)) as [Person, Person]
    await world.block(blocker, blocked)
    const answer = async (method: string, path: string) => {
      const { status, body } = await world.call(method, path, { token: blocked.token })
      return { status, ...body, requestId: '' }
    }
    for (const [method, path] of [
      ['GET', '/v1/users/NAME'],
      ['GET', '/v1/users/NAME/photos'],
      ['GET', '/v1/users/NAME/followers'],
      ['GET', '/v1/users/NAME/following'],
      ['PUT', '/v1/users/NAME/follow'],
      ['DELETE', '/v1/users/NAME/follow'],
      ['PUT', '/v1/users/NAME/block'],
      ['DELETE', '/v1/users/NAME/block'],
      ['PUT', '/v1/users/NAME/mute'],
      ['DELETE', '/v1/users/NAME/mute'],
      ['DELETE', '/v1/me/followers/NAME'],
      ['PUT', '/v1/me/follow-requests/NAME'],
      ['DELETE', '/v1/me/follow-requests/NAME'],
    ] as const) {
      const refused = await answer(method, path.replace('NAME', blocker.username))
      expect(refused).toMatchObject({ status: 404 })
      expect(refused).toEqual(await answer(method, path.replace('NAME', 'nobody')))
    }
  })

  it('can be mutual, and each side ends its own', async () => {
    const [one, other] = (await world.people(2)) as [Person, Person]
    await Promise.all([world.block(one, other), world.block(other, one)])
    const statuses = await Promise.all([world.block(one, other), world.block(other, one)])
    // Whoever came second may have found no one to block.
    for (const status of statuses) expect([204, 404]).toContain(status)
    await world.db.primary({
      text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2), ($2, $1) ON CONFLICT DO NOTHING',
      values: [one.id, other.id],
    })
    expect(await world.names(one, '/me/blocks')).toEqual([other.username])
    expect(await world.block(one, other)).toBe(204)
    expect(await world.unblock(one, other)).toBe(204)
    expect(await world.names(one, '/me/blocks')).toEqual([])
    expect(await world.profile(one, other)).toBeUndefined()
    expect(await world.profile(other, one)).toMatchObject({ relationship: { blocking: true } })
    expect(await world.unblock(other, one)).toBe(204)
    expect(await world.profile(one, other)).toMatchObject({ relationship: { blocking: false } })
  })

  it('is listed latest first, also of suspended accounts', async () => {
    const [blocker, ...blocked] = (await world.people(4)) as [Person, ...Person[]]
    for (const one of blocked) await world.block(blocker, one)
    await world.setStatus(blocked[1]!, 'suspended')
    expect(await world.names(blocker, '/me/blocks')).toEqual(
      blocked.toReversed().map(({ username }) => username),
    )
    expect(await world.unblock(blocker, blocked[1]!)).toBe(204)
    expect(await world.names(blocker, '/me/blocks')).toEqual([blocked[2]!.username, blocked[0]!.username])
    expect(await world.names(blocked[0]!, '/me/blocks')).toEqual([])
  })

  it('refuses oneself', async () => {
    const [one] = await world.people(1)
    for (const verb of ['block', 'mute']) {
      const refused = await world.call('PUT', `/v1/users/${one!.username}/${verb}`, { token: one!.token })
      expect(refused).toMatchObject({
        status: 422,
        body: { code: 'invalid', errors: [{ path: 'params.username' }] },
      })
    }
    expect(await world.names(one!, '/me/blocks')).toEqual([])
  })
})

describe('the signed image URLs of an account', () => {
  /** Its audience epoch, and whether edges owe a proof. */
  async function audienceOf({ id }: Person) {
    const [row] = await world.db.primary<{ epoch: number; is_owed: boolean }>({
      text: `SELECT audience_epoch AS epoch,
          EXISTS (SELECT FROM retractions WHERE subject = 'audience/' || user_id AND min_epoch = audience_epoch + access_epoch) AS is_owed
        FROM users WHERE user_id = $1`,
      values: [id],
    })
    return row!
  }

  it('are revoked when it turns a follower away, and not by anybody else', async () => {
    const [owner, fan, stranger] = (await world.people(3)) as [Person, Person, Person]
    const unmoved = { epoch: 0, is_owed: false }

    await world.block(owner, stranger)
    await world.follow(fan, owner)
    await world.unfollow(fan, owner)
    await world.follow(fan, owner)
    await world.block(fan, owner)
    expect(await audienceOf(owner)).toEqual(unmoved)
    expect(await audienceOf(fan)).toEqual(unmoved)

    await world.unblock(fan, owner)
    await world.follow(fan, owner)
    await world.block(owner, fan)
    expect(await audienceOf(owner)).toEqual({ epoch: 1, is_owed: true })
    await world.block(owner, fan)
    await world.unblock(owner, fan)
    await world.follow(fan, owner)
    await world.removeFollower(owner, fan)
    expect(await audienceOf(owner)).toEqual({ epoch: 2, is_owed: true })
  })
})
