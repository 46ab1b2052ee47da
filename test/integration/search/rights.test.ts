import { describe, expect, it } from 'vitest'
import type { UserViewer } from '../../../src/domain/viewer.ts'
import { limitPhoto, restorePhoto, takeDownPhoto } from '../../../src/services/moderation/measures.ts'
import { createSearch } from '../../../src/services/search/search.ts'
import { v7 as uuidv7 } from 'uuid'
import { pageFor } from '../../support/list-read.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()

describe('rights', () => {
  it('show and count for each viewer only what they may see', async () => {
    const owner = await world.addUser()
    const follower = await world.addUser()
    const stranger = await world.addUser()
    await world.follow(follower, owner)
    const q = freshWord()
    const [open, followers, own] = await world.publish(
      { owner, caption: q, visibility: 'public', publishedAt: minutes(3) },
      { owner, caption: q, visibility: 'followers', publishedAt: minutes(2) },
      { owner, caption: q, visibility: 'private', publishedAt: minutes(1) },
    )
    for (const [viewer, visible] of [
      [ANYONE, [open]],
      [{ kind: 'user', userId: stranger }, [open]],
      [{ kind: 'user', userId: follower }, [open, followers]],
      [{ kind: 'user', userId: owner }, [open, followers, own]],
    ] as const) {
      const page = await world.searchPage(viewer, { q, limit: 10 })
      expect(page.items.map((card) => card.photoId)).toEqual(visible)
      expect(page).toMatchObject({ total: visible.length, nextCursor: null })
    }
  })

  it('find a limited photo, which its card says', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [photoId] = await world.publish({ owner, caption: q })
    await world.db.transaction((tx) => limitPhoto(tx, photoId!))
    await settle(world.db)
    expect((await world.searchPage(ANYONE, { q, limit: 1 })).items).toMatchObject([
      { photoId, isLimited: true },
    ])
  })

  it('hide and uncount photos narrowed or removed after indexing', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [visible, narrowed, deleted, quarantined] = await world.publish(
      ...[4, 3, 2, 1].map((at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    await world.edit(narrowed!, { visibility: 'private' })
    await world.remove(deleted!)
    await world.db.transaction((tx) => takeDownPhoto(tx, quarantined!))
    // A page of one, so that a cursor would give away that something follows.
    for (const viewer of [ANYONE, { kind: 'user' as const, userId: await world.addUser() }]) {
      expect(await world.searchPage(viewer, { q, limit: 1 })).toMatchObject({
        items: [{ photoId: visible }],
        total: 1,
        nextCursor: null,
      })
    }
    expect(await world.find({ kind: 'user', userId: owner }, { q })).toEqual([visible, narrowed])
    await world.db.transaction((tx) => restorePhoto(tx, quarantined!, 1_000))
    // It is left out until its document is known to be that of the row.
    await world.searchIndex.indexPhoto(quarantined!)
    await world.refresh()
    await settle(world.db)
    expect(await world.find(ANYONE, { q })).toEqual([visible, quarantined])
  })

  it('end when the follow ends', async () => {
    const owner = await world.addUser()
    const viewer: UserViewer = { kind: 'user', userId: await world.addUser() }
    await world.follow(viewer.userId, owner)
    const q = freshWord()
    const ids = await world.publish({ owner, caption: q, visibility: 'followers' })
    expect(await world.find(viewer, { q })).toEqual(ids)
    await world.unfollow(viewer.userId, owner)
    expect(await world.searchPage(viewer, { q, limit: 1 })).toMatchObject({ items: [], total: 0 })
  })

  it('top up a page full of hidden hits', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...Array.from({ length: 30 }, (_, at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const hidden = ids.slice(5, 28)
    for (const photoId of hidden) await world.edit(photoId, { visibility: 'private' })
    const visible = ids.filter((photoId) => !hidden.includes(photoId)).toReversed()
    // As if the index were behind on narrowings that nobody knows of.
    await world.db.primary({ text: 'DELETE FROM search_revocations' })
    await settle(world.db)
    // However slow the machine is.
    const search = createSearch({ index: world.index, maxScanMs: Infinity })
    const page = await world.searchPage(ANYONE, { q, limit: 4 }, search)
    expect(page.items.map((card) => card.photoId)).toEqual(visible.slice(0, 4))
    expect(page.total).toBe(visible.length)
    for (const limit of [1, 2, 3, 7]) expect(await world.find(ANYONE, { q, limit })).toEqual(visible)
  })
})

describe('cursors', () => {
  it('visit every hit once in one order, for every page size', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const captions = [`${q} walking`, `${q} walk`, `${q} #walking`, `${q} walks`]
    const ids = await world.publish(
      // Five photos a minute, so that ties in time are broken by id.
      ...Array.from({ length: 23 }, (_, i) => ({
        owner,
        caption: captions[i % 4]!,
        publishedAt: minutes(Math.floor(i / 5)),
      })),
    )
    for (const sort of ['relevance', 'recent'] as const) {
      const all = await world.find(ANYONE, { q: `${q} walking`, sort, limit: 100 })
      expect(all.toSorted()).toEqual(ids.toSorted())
      for (let limit = 1; limit <= ids.length + 1; limit++) {
        expect(await world.find(ANYONE, { q: `${q} walking`, sort, limit }), `${sort}, ${limit}`).toEqual(all)
      }
    }
    const byTime = ids.map((photoId, i) => ({ photoId, at: Math.floor(i / 5) }))
    byTime.sort((a, b) => b.at - a.at || (a.photoId < b.photoId ? 1 : -1))
    expect(await world.find(ANYONE, { q, sort: 'recent', limit: 4 })).toEqual(byTime.map((p) => p.photoId))
  })

  it('do not shift when photos come and go', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...[1, 2, 3, 4, 5].map((at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const first = await world.searchPage(ANYONE, { q, limit: 2 })
    await world.publish({ owner, caption: `${q} #${q}`, publishedAt: minutes(9) })
    await world.remove(ids[3]!)
    await world.searchIndex.indexPhoto(ids[3]!)
    await world.refresh()
    const second = await world.searchPage(ANYONE, { q, limit: 9, cursor: first.nextCursor! })
    expect(second.items.map((card) => card.photoId)).toEqual([ids[2], ids[1], ids[0]])
    expect(second.total).toBe(5)
  })

  it('continue past the total, which counts only the first few hits', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...Array.from({ length: 12 }, (_, at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const maxCountedHits = 5
    const search = createSearch({ index: world.index, maxCountedHits })
    await world.edit(ids[10]!, { visibility: 'private' })
    for (const limit of [1, 2, 3, 4, 5, 6, 11, 12]) {
      const found = []
      let cursor: string | undefined
      do {
        const page = await world.searchPage(ANYONE, { q, limit, cursor }, search)
        expect(page.total).toBe(maxCountedHits)
        found.push(...page.items.map((card) => card.photoId))
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      expect(found, `limit ${limit}`).toEqual(ids.toReversed().filter((photoId) => photoId !== ids[10]))
    }
  })

  it('expire with the version of the index, and with a release before it', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    await world.publish({ owner, caption: q }, { owner, caption: q })
    const { nextCursor } = await world.searchPage(ANYONE, { q, limit: 1 })
    const rebuilt = createSearch({
      index: {
        ...world.index,
        search: async (search) => ({ ...(await world.index.search(search)), indexVersion: 99 }),
      },
    })
    const page = { q, limit: 1, cursor: nextCursor! }
    expect((await world.searchPage(ANYONE, page)).items).toHaveLength(1)
    const expired = { code: 'cursor_expired' }
    await expect(world.searchPage(ANYONE, page, rebuilt)).rejects.toMatchObject(expired)

    const list = pageFor(world.db, ANYONE, { limit: 1 }, { list: 'search', filters: { q } })
    const cursor = list.page([], [8, 1, uuidv7(), 2]).nextCursor!
    await expect(world.searchPage(ANYONE, { q, limit: 1, cursor })).rejects.toMatchObject(expired)
  })

  it('work only for their viewer, list and filters', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    await world.publish({ owner, caption: `#${tag}` }, { owner, caption: `#${tag}` })
    const { nextCursor } = await world.searchPage(ANYONE, { tag, limit: 1 })
    const cursor = nextCursor!
    const refused = { code: 'bad_cursor' }
    await expect(
      world.searchPage({ kind: 'user', userId: owner }, { tag, limit: 1, cursor }),
    ).rejects.toMatchObject(refused)
    await expect(world.searchPage(ANYONE, { tag, q: 'x', limit: 1, cursor })).rejects.toMatchObject(refused)
    await expect(world.searchPage(ANYONE, { tag, from: minutes(0), limit: 1, cursor })).rejects.toMatchObject(
      refused,
    )
    await expect(world.tagPage(ANYONE, { tag, limit: 1, cursor })).rejects.toMatchObject(refused)
    await expect(world.searchPage(ANYONE, { tag, limit: 1, cursor: 'x' })).rejects.toMatchObject(refused)
    expect((await world.searchPage(ANYONE, { tag, limit: 50, cursor })).items).toHaveLength(1)
  })
})
