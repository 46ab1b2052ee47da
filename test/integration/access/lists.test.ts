import { describe, expect, it } from 'vitest'
import type { AccountStatus } from '../../../src/domain/access.ts'
import type { UserViewer } from '../../../src/domain/viewer.ts'
import { createFollows } from '../../../src/services/graph/follows.ts'
import { createProfiles } from '../../../src/services/graph/profiles.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { makePrivate as closeAccount, setAccountStatus } from '../../support/factories/accounts.ts'
import { block as buildBlock, mute, unblock } from '../../support/factories/blocks-and-mutes.ts'
import { pageFor } from '../../support/list-read.ts'

const world = await searchWorldOfFile()
const profiles = createProfiles()

interface Person extends UserViewer {
  username: string
}

async function person(): Promise<Person> {
  const username = freshWord().slice(0, 40)
  return { kind: 'user', userId: await world.addUser(username), username }
}

const setStatus = (of: Person, status: AccountStatus) => setAccountStatus(world.db, of.userId, status)
const makePrivate = (of: Person) => closeAccount(world.db, of.userId)
const block = (blocker: Person, blocked: Person) => buildBlock(world.db, blocker.userId, blocked.userId)

const readerFor = (viewer: Person | typeof ANYONE) => ({
  viewer,
  query: world.db.primary,
  readYourWrites: true,
})
const follows = () => createFollows({ db: world.db, outbox: forgetful(world.db) })
const profileOf = (of: Person, viewer: Person | typeof ANYONE) => profiles.get(readerFor(viewer), of.username)
const namesOf = async (of: Person, side: 'followers' | 'following', viewer: Person | typeof ANYONE) => {
  const list = pageFor(world.db, viewer, { limit: 100, readYourWrites: true }, { list: side })
  const page = await profiles[side](list, of.username)
  return page.items.map((account) => account.username)
}

describe('search', () => {
  it('neither shows nor counts the photos of a suspended account', async () => {
    const [active, suspended] = [await person(), await person()]
    const word = freshWord()
    const [, kept] = await world.publish(
      { owner: suspended.userId, caption: `#${word}`, publishedAt: minutes(2) },
      { owner: active.userId, caption: `#${word}`, publishedAt: minutes(1) },
    )
    await setStatus(suspended, 'suspended')
    const found = await world.searchPage(ANYONE, { tag: word, limit: 1 })
    expect(found).toMatchObject({ items: [{ photoId: kept }], total: 1, nextCursor: null })
    const tagged = await world.tagPage(ANYONE, { tag: word, limit: 1 })
    expect(tagged.items).toMatchObject([{ photoId: kept }])
  })

  it('neither shows nor counts across a block, whichever side made it', async () => {
    const [author, reader] = [await person(), await person()]
    const q = freshWord()
    const ids = await world.publish({ owner: author.userId, caption: q })
    for (const [blocker, blocked] of [
      [author, reader],
      [reader, author],
    ] as const) {
      await block(blocker, blocked)
      expect(await world.searchPage(reader, { q, limit: 5 })).toMatchObject({ items: [], total: 0 })
      expect(await world.find(author, { q })).toEqual(ids)
      expect(await world.find(ANYONE, { q })).toEqual(ids)
      await unblock(world.db, blocker.userId)
      expect(await world.find(reader, { q })).toEqual(ids)
    }
  })

  it('shows the photos of a private account to its followers alone', async () => {
    const [author, follower, stranger] = [await person(), await person(), await person()]
    await world.follow(follower.userId, author.userId)
    await makePrivate(author)
    const q = freshWord()
    const ids = await world.publish({ owner: author.userId, caption: q, visibility: 'public' })
    for (const viewer of [follower, author]) {
      expect(await world.searchPage(viewer, { q, limit: 5 })).toMatchObject({ total: 1 })
      expect(await world.find(viewer, { q })).toEqual(ids)
    }
    for (const viewer of [stranger, ANYONE]) {
      expect(await world.searchPage(viewer, { q, limit: 5 })).toMatchObject({ items: [], total: 0 })
    }
  })
})

describe('a profile', () => {
  it('counts the followers and followees that its lists show', async () => {
    const [author, kept, suspended, blocker] = [
      await person(),
      await person(),
      await person(),
      await person(),
    ]
    for (const other of [kept, suspended, blocker]) {
      await follows().follow(other.userId, author.username)
      await follows().follow(author.userId, other.username)
    }
    expect(await profileOf(author, kept)).toMatchObject({ followerCount: 3, followingCount: 3 })
    await setStatus(suspended, 'suspended')
    await block(blocker, kept)
    const shown = { followerCount: 1, followingCount: 1 }
    expect(await profileOf(author, kept)).toMatchObject(shown)
    for (const side of ['followers', 'following'] as const) {
      expect(await namesOf(author, side, kept)).toEqual([kept.username])
      expect(await namesOf(author, side, ANYONE)).toEqual([blocker.username, kept.username])
    }
    expect(await profileOf(author, ANYONE)).toMatchObject({ followerCount: 2, followingCount: 2 })
  })

  it('counts the photos that the viewer may see', async () => {
    const [author, follower, stranger] = [await person(), await person(), await person()]
    await follows().follow(follower.userId, author.username)
    await world.publish(
      { owner: author.userId, visibility: 'public' },
      { owner: author.userId, visibility: 'followers' },
      { owner: author.userId, visibility: 'private' },
    )
    const counts = () =>
      Promise.all(
        [ANYONE, stranger, follower].map(async (viewer) => (await profileOf(author, viewer)).photoCount),
      )
    expect(await counts()).toEqual([1, 1, 2])
    await makePrivate(author)
    expect(await counts()).toEqual([0, 0, 2])
  })

  it('is absent for those it blocks, and is found by those who block it', async () => {
    const [author, reader] = [await person(), await person()]
    await world.publish({ owner: author.userId })
    await block(author, reader)
    await expect(profileOf(author, reader)).rejects.toMatchObject({ code: 'not_found' })
    expect(await profileOf(reader, author)).toMatchObject({ photoCount: 0, relationship: { blocking: true } })
    for (const [viewer, of] of [
      [reader, author],
      [author, reader],
    ] as const) {
      await expect(profiles.ownerOfLists(readerFor(viewer), of.username)).rejects.toMatchObject({
        code: 'not_found',
      })
      await expect(follows().follow(viewer.userId, of.username)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  it('shows the relations between the viewer and the account', async () => {
    const [author, viewer] = [await person(), await person()]
    const none = { following: false, requested: false, followedBy: false, blocking: false, muting: false }
    expect((await profileOf(author, viewer)).relationship).toEqual(none)
    expect((await profileOf(author, ANYONE)).relationship).toEqual(none)
    await world.follow(author.userId, viewer.userId)
    await mute(world.db, viewer.userId, author.userId)
    expect((await profileOf(author, viewer)).relationship).toEqual({
      ...none,
      followedBy: true,
      muting: true,
    })
    await mute(world.db, viewer.userId, author.userId, new Date(Date.now() - 1_000))
    expect((await profileOf(author, viewer)).relationship).toEqual({ ...none, followedBy: true })
  })
})

describe('a private account', () => {
  it('shows its lists to followers and itself, and its profile to everybody', async () => {
    const [author, follower, stranger] = [await person(), await person(), await person()]
    await world.follow(follower.userId, author.userId)
    await makePrivate(author)
    const owner = (viewer: Person | typeof ANYONE) =>
      profiles.ownerOfLists(readerFor(viewer), author.username)
    for (const viewer of [follower, author]) expect(await owner(viewer)).toBe(author.userId)
    for (const viewer of [stranger, ANYONE]) {
      await expect(owner(viewer)).rejects.toMatchObject({ code: 'account_private' })
      expect(await profileOf(author, viewer)).toMatchObject({
        account: { isPrivate: true },
        followerCount: 1,
      })
    }
  })

  it('is not followed while a follow request is pending', async () => {
    const [author, follower, stranger] = [await person(), await person(), await person()]
    await follows().follow(follower.userId, author.username)
    await makePrivate(author)
    for (let n = 0; n < 2; n++) {
      expect(await follows().follow(follower.userId, author.username)).toBe('following')
      expect(await follows().follow(stranger.userId, author.username)).toBe('requested')
    }
    expect(await profileOf(author, stranger)).toMatchObject({
      followerCount: 1,
      relationship: { following: false, requested: true },
    })
    await follows().unfollow(stranger.userId, author.username)
    expect(await profileOf(author, stranger)).toMatchObject({ relationship: { requested: false } })
  })
})
