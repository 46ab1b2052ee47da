import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../../src/domain/viewer.ts'
import { createSearch } from '../../../src/services/search/search.ts'
import { createSearchIndex, type SearchIndexDeps } from '../../../src/services/search/search-index.ts'
import { sweepRevocations } from '../../../src/services/search/sweep-revocations.ts'
import { makePrivate, setAccountStatus } from '../../support/factories/accounts.ts'
import { block } from '../../support/factories/blocks-and-mutes.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const as = (userId: string): Viewer => ({ kind: 'user', userId })
const LUZERN = { latitude: 47.0505, longitude: 8.3064 }

/** Ten photos of an account, the newest first, and what they have in common. */
async function tenPhotos(of: object = {}) {
  const owner = await world.addUser()
  const q = freshWord()
  const photos = await world.publish(
    ...Array.from({ length: 10 }, (_, at) => ({ owner, caption: q, publishedAt: minutes(-at), ...of })),
  )
  return { owner, q, photos }
}

/** A search that counts how often it asks the index for matches. */
function countingSearch(maxPending?: number) {
  let calls = 0
  const index: typeof world.index = {
    ...world.index,
    search(given) {
      // What was meant by a fruitless search is looked for without words that score.
      if (!JSON.stringify(given.query).includes('fuzziness')) calls++
      return world.index.search(given)
    },
  }
  return {
    search: createSearch({ index, ...(maxPending !== undefined && { maxPending }) }),
    calls: () => calls,
  }
}

const pendingOf = async (owner: string) => {
  const rows = await world.db.primary<{ subject: string }>({
    text: 'SELECT subject FROM search_revocations WHERE owner_id = $1 ORDER BY subject',
    values: [owner],
  })
  return rows.map(({ subject }) => subject)
}

describe('before the index has caught up', () => {
  it.each([
    ['made private', (photoId: string) => world.edit(photoId, { visibility: 'private' })],
    ['shown to followers', (photoId: string) => world.edit(photoId, { visibility: 'followers' })],
    ['deleted', (photoId: string) => world.remove(photoId)],
    ['taken down', (photoId: string) => world.setStatus(photoId, 'quarantined')],
  ])('photos %s leave full pages, totals and no trace', async (_, narrow) => {
    const { q, photos } = await tenPhotos()
    for (const photoId of photos.slice(0, 6)) await narrow(photoId)
    const { search, calls } = countingSearch()
    const page = await world.searchPage(ANYONE, { q, limit: 3 }, search)
    expect(page.items.map((card) => card.photoId)).toEqual(photos.slice(6, 9))
    expect(page.total).toBe(4)
    expect(calls()).toBe(1)
  })

  it('owners find what others no longer do, and nobody finds what is gone', async () => {
    const { owner, q, photos } = await tenPhotos()
    await world.edit(photos[0]!, { visibility: 'private' })
    await world.remove(photos[1]!)
    const page = await world.searchPage(as(owner), { q, limit: 10 }, countingSearch().search)
    expect(page.items.map((card) => card.photoId)).toEqual([photos[0], ...photos.slice(2)])
    expect(page.total).toBe(9)
  })

  it('what is no longer shared finds nothing', async () => {
    const { owner, q, photos } = await tenPhotos({ location: LUZERN })
    await world.edit(photos[0]!, { shareLocation: false })
    await world.edit(photos[1]!, { location: { latitude: 0, longitude: 9 } })
    for (const filters of [{ near: LUZERN }, { place: 'Luzern' }]) {
      const page = await world.searchPage(ANYONE, { q, ...filters, limit: 10 })
      expect(page).toMatchObject({ total: 8 })
      expect(page.items.map((card) => card.photoId)).toEqual(photos.slice(2))
    }
    expect(await world.find(as(owner), { q })).toEqual(photos)
  })

  it('a private account keeps its followers, and a suspended one nobody', async () => {
    const { owner, q, photos } = await tenPhotos()
    const follower = await world.addUser()
    await world.follow(follower, owner)
    await makePrivate(world.db, owner)
    await settle(world.db)
    const look = async (viewer: Viewer) => {
      const { search, calls } = countingSearch()
      const page = await world.searchPage(viewer, { q, limit: 3 }, search)
      expect(calls()).toBe(1)
      return [page.items.length, page.total]
    }
    expect(await look(ANYONE)).toEqual([0, 0])
    expect(await look(as(await world.addUser()))).toEqual([0, 0])
    expect(await look(as(follower))).toEqual([3, photos.length])
    await setAccountStatus(world.db, owner, 'suspended')
    await settle(world.db)
    expect(await look(as(follower))).toEqual([0, 0])
    expect(await look(as(owner))).toEqual([3, photos.length])
  })

  it('a block and an end of following act in the same query', async () => {
    const { owner, q } = await tenPhotos({ visibility: 'followers' })
    const reader = await world.addUser()
    await world.follow(reader, owner)
    const look = async () => {
      const { search, calls } = countingSearch()
      const { items, total } = await world.searchPage(as(reader), { q, limit: 4 }, search)
      expect(calls()).toBe(1)
      return [items.length, total]
    }
    expect(await look()).toEqual([4, 10])
    await world.unfollow(reader, owner)
    expect(await look()).toEqual([0, 0])
    await world.follow(reader, owner)
    await block(world.db, owner, reader)
    await settle(world.db)
    expect(await look()).toEqual([0, 0])
  })

  it('more narrowings than a query holds are counted one by one', async () => {
    const { q, photos } = await tenPhotos()
    for (const photoId of photos.slice(0, 7)) await world.edit(photoId, { visibility: 'private' })
    const { search } = countingSearch(2)
    const page = await world.searchPage(ANYONE, { q, limit: 2 }, search)
    expect(page.items.map((card) => card.photoId)).toEqual(photos.slice(7, 9))
    expect(page.total).toBe(3)
  })
})

describe('facets, before the index has caught up', () => {
  const FACETS = ['tags', 'cameras', 'places', 'years', 'tiles'] as const
  const facts = { location: LUZERN, camera: 'Canon EOS R5', takenAt: '2024-05-01T12:00:00' }

  it.each([
    ['in the query', undefined],
    ['one by one, where too many are pending', 1],
  ])('leave out what was narrowed %s', async (_, maxPending) => {
    const { owner, q, photos } = await tenPhotos(facts)
    await world.edit(photos[0]!, { visibility: 'private' })
    await world.edit(photos[1]!, { shareLocation: false })
    await world.remove(photos[2]!)
    const { search } = countingSearch(maxPending)
    const look = async (viewer: Viewer) => {
      const { facets, total } = await world.searchPage(viewer, { q, limit: 1, facets: FACETS }, search)
      const counts = Object.values(facets!).map(([first]) => first?.count ?? 0)
      return { counts, total }
    }
    expect(await look(ANYONE)).toEqual({ counts: [0, 7, 7, 7, 7], total: 7 })
    expect(await look(as(owner))).toEqual({ counts: [0, 9, 9, 9, 9], total: 9 })
  })
})

describe('once the index has caught up', () => {
  it('those who may still see a photo find it again', async () => {
    const { owner, q, photos } = await tenPhotos()
    const follower = await world.addUser()
    await world.follow(follower, owner)
    const [photoId] = photos
    await world.edit(photoId!, { visibility: 'followers' })
    expect(await pendingOf(owner)).toEqual([`photo/${photoId}`])
    expect(await world.find(as(follower), { q })).toEqual(photos.slice(1))
    await world.searchIndex.indexPhoto(photoId!)
    await settle(world.db)
    expect(await pendingOf(owner)).toEqual([])
    expect(await world.find(as(follower), { q })).toEqual(photos)
    expect(await world.find(ANYONE, { q })).toEqual(photos.slice(1))
  })

  it('a photo narrowed again meanwhile stays left out', async () => {
    const { owner, q, photos } = await tenPhotos()
    const [photoId] = photos
    await world.edit(photoId!, { visibility: 'followers' })
    let late = true
    const searchIndex = createSearchIndex({
      primary: world.db.primary,
      index: {
        ...world.index,
        async refresh() {
          if (late) await world.edit(photoId!, { visibility: 'private' })
          late = false
          await world.index.refresh()
        },
      },
    })
    await searchIndex.indexPhoto(photoId!)
    await settle(world.db)
    expect(await pendingOf(owner)).toEqual([`photo/${photoId}`])
    expect((await world.searchPage(ANYONE, { q, limit: 10 })).total).toBe(9)
    await searchIndex.indexPhoto(photoId!)
    expect(await pendingOf(owner)).toEqual([])
  })

  it('a photo whose document is rejected stays left out', async () => {
    const { owner, photos } = await tenPhotos()
    await world.edit(photos[0]!, { visibility: 'private' })
    const searchIndex = createSearchIndex({
      primary: world.db.primary,
      index: { ...world.index, write: async () => [{ state: 'rejected', reason: 'a test' }] },
    })
    await expect(searchIndex.indexPhoto(photos[0]!)).rejects.toThrow('rejected')
    expect(await pendingOf(owner)).toEqual([`photo/${photos[0]}`])
  })

  it('an account is found again when none of its documents is too open', async () => {
    const { owner, q, photos } = await tenPhotos()
    const follower = await world.addUser()
    await world.follow(follower, owner)
    await makePrivate(world.db, owner)
    expect(await pendingOf(owner)).toEqual([`account/${owner}`])
    // The walk missed one, as if it had been published by another process meanwhile.
    const missed = photos[3]!
    const searchIndex = createSearchIndex({
      index: world.index,
      primary: (statement) =>
        world.db.primary(
          statement.text.includes('ORDER BY photo_id LIMIT')
            ? { ...statement, text: statement.text.replace('WHERE', `WHERE photo_id <> '${missed}' AND`) }
            : statement,
        ),
    })
    await searchIndex.indexPhotosOf(owner, null)
    await settle(world.db)
    expect(await pendingOf(owner)).toEqual([])
    expect(await world.find(as(follower), { q })).toEqual(photos)
    const { search, calls } = countingSearch()
    expect((await world.searchPage(ANYONE, { q, limit: 5 }, search)).total).toBe(0)
    expect(calls()).toBe(1)
  })
})

describe('the sweep of narrowings whose workflow was lost', () => {
  /** As if they had been narrowed an hour ago. */
  const age = (owner: string) =>
    world.db.primary({
      text: `UPDATE search_revocations SET since = now() - interval '1 hour' WHERE owner_id = $1`,
      values: [owner],
    })
  const sweep = (index: SearchIndexDeps['index'] = world.index) =>
    sweepRevocations({ primary: world.db.primary, index }).run()

  it('brings photos in line and forgets them', async () => {
    const { owner, q, photos } = await tenPhotos()
    const follower = await world.addUser()
    await world.follow(follower, owner)
    await world.edit(photos[0]!, { visibility: 'followers' })
    await world.remove(photos[1]!)
    await age(owner)
    await world.edit(photos[2]!, { visibility: 'private' })
    expect(await sweep()).toBe(2)
    await settle(world.db)
    expect(await pendingOf(owner)).toEqual([`photo/${photos[2]}`])
    expect(await world.find(as(follower), { q })).toEqual([photos[0], ...photos.slice(3)])
    expect(await world.find(ANYONE, { q })).toEqual(photos.slice(3))
  })

  it('brings an account in line, and keeps one whose documents stay open', async () => {
    const { owner, q } = await tenPhotos()
    const stuck = await tenPhotos()
    await makePrivate(world.db, owner)
    await makePrivate(world.db, stuck.owner)
    await age(owner)
    await age(stuck.owner)
    const isStuck = (write: object) => stuck.photos.some((photoId) => JSON.stringify(write).includes(photoId))
    const index: SearchIndexDeps['index'] = {
      ...world.index,
      write: async (writes, options) =>
        writes.some(isStuck)
          ? writes.map(() => ({ state: 'rejected', reason: 'a test' }))
          : world.index.write(writes, options),
    }
    expect(await sweep(index)).toBe(1)
    await settle(world.db)
    expect(await pendingOf(owner)).toEqual([])
    expect(await pendingOf(stuck.owner)).toEqual([`account/${stuck.owner}`])
    expect((await world.searchPage(ANYONE, { q, limit: 5 }, countingSearch().search)).total).toBe(0)
    expect(await sweep()).toBe(1)
  })

  it('leaves all of them while OpenSearch is down', async () => {
    const { owner, photos } = await tenPhotos()
    await world.edit(photos[0]!, { visibility: 'private' })
    await age(owner)
    const write = () => Promise.reject(new Error('down'))
    await expect(sweep({ ...world.index, write })).rejects.toThrow('down')
    expect(await pendingOf(owner)).toEqual([`photo/${photos[0]}`])
    expect(await sweep()).toBe(1)
  })
})
