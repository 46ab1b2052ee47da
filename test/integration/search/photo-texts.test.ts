import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../../src/domain/viewer.ts'
import { createSearch } from '../../../src/services/search/search.ts'
import { readTextInPhotosOf, textWasRead } from '../../support/factories/photo-texts.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const as = (userId: string): Viewer => ({ kind: 'user', userId })

/** An account that has text read, and a photo of it with a fresh word in the picture, which is searchable. */
async function photoWithText(isShared: boolean, of: object = {}) {
  const owner = await world.addUser()
  const q = freshWord()
  const photoId = await world.addPhoto({ owner, publishedAt: minutes(1), ...of })
  await readTextInPhotosOf(world.db, owner, true)
  await textWasRead(world.db, photoId, `Gate 42\n${q} boarding`)
  if (isShared) await world.edit(photoId, { shareText: true })
  await inLine(owner)
  return { owner, q, photoId }
}

/** As accountSync and photoSync leave it. */
async function inLine(owner: string) {
  await world.searchIndex.indexPhotosOf(owner, null)
  await Promise.all([world.refresh(), settle(world.db)])
}

async function found(viewer: Viewer, q: string, of = world.search) {
  const page = await world.searchPage(viewer, { q, limit: 5, facets: ['years'] }, of)
  return { ids: page.items.map((card) => card.photoId), total: page.total, page }
}

describe('text in photos', () => {
  it('is found by the owner alone, until it is shared', async () => {
    const { owner, q, photoId } = await photoWithText(false)
    const follower = await world.addUser()
    await world.follow(follower, owner)
    expect(await found(as(owner), q)).toMatchObject({ ids: [photoId], total: 1 })
    for (const viewer of [ANYONE, as(follower)]) {
      const { ids, total, page } = await found(viewer, q)
      expect({ ids, total, meant: page.didYouMean }).toEqual({ ids: [], total: 0, meant: null })
    }
    await world.edit(photoId, { shareText: true })
    await inLine(owner)
    for (const viewer of [ANYONE, as(follower), as(owner)])
      expect(await found(viewer, q)).toMatchObject({ ids: [photoId], total: 1 })
  })

  it.each(['followers', 'private'] as const)('that is shared shows no %s photo', async (visibility) => {
    const { owner, q, photoId } = await photoWithText(true, { visibility })
    const follower = await world.addUser()
    await world.follow(follower, owner)
    const ofFollower = visibility === 'followers' ? [photoId] : []
    expect((await found(as(follower), q)).ids).toEqual(ofFollower)
    expect((await found(ANYONE, q)).ids).toEqual([])
    expect((await found(as(owner), q)).ids).toEqual([photoId])
  })

  it('answers together with the caption, as a phrase and by word forms', async () => {
    const caption = freshWord()
    const { owner, q, photoId } = await photoWithText(true, { caption })
    for (const words of [`${caption} ${q}`, `"${q} boarding"`, `boards ${q}`, `"gate 42" ${caption}`])
      for (const viewer of [ANYONE, as(owner)])
        expect((await found(viewer, words)).ids, words).toEqual([photoId])
    expect((await found(ANYONE, `"boarding ${q}"`)).ids).toEqual([])
    const { page } = await found(ANYONE, `${caption} ${q}`)
    expect(page.items[0]!.highlights).toEqual([{ field: 'caption', ranges: [[0, caption.length]] }])
  })

  it('is left out of a query of more words than OpenSearch takes', async () => {
    const { q, photoId } = await photoWithText(true)
    const repeated = (words: number) => Array.from({ length: words }, () => 'gate').join(' ')
    expect((await found(ANYONE, `${q} ${repeated(25)}`)).ids).toEqual([photoId])
    expect((await found(ANYONE, '東'.repeat(200))).ids).toEqual([])
    expect((await found(ANYONE, `${q} ${Array.from({ length: 60 }, () => 'a').join(' ')}`)).ids).toEqual([])
  })
})

describe('before the index has caught up', () => {
  it('text that is no longer shared finds nothing for others', async () => {
    const { owner, q, photoId } = await photoWithText(true)
    await world.edit(photoId, { shareText: false })
    expect(await found(ANYONE, q)).toMatchObject({ ids: [], total: 0 })
    expect((await found(as(owner), q)).ids).toEqual([photoId])
  })

  it('text that was deleted finds nothing for anybody', async () => {
    const caption = freshWord()
    const { owner, q, photoId } = await photoWithText(true, { caption })
    const other = await photoWithText(true)
    await readTextInPhotosOf(world.db, owner, false)
    await settle(world.db)
    for (const viewer of [ANYONE, as(owner), as(other.owner)]) {
      expect(await found(viewer, q)).toMatchObject({ ids: [], total: 0 })
      expect((await found(viewer, `${caption} ${q}`)).ids).toEqual([])
      // All else is found as before.
      expect((await found(viewer, caption)).ids).toEqual([photoId])
      expect((await found(viewer, other.q)).ids).toEqual([other.photoId])
    }
    // Where more is pending than a query leaves out, hits are judged one by one.
    const search = createSearch({ index: world.index, maxPending: 0 })
    expect(await found(ANYONE, q, search)).toMatchObject({ ids: [], total: 0 })

    await inLine(owner)
    expect((await found(as(owner), q)).ids).toEqual([])
    expect((await found(ANYONE, caption)).ids).toEqual([photoId])
    const [left] = await world.db.primary({
      text: 'SELECT 1 FROM search_revocations WHERE owner_id = $1',
      values: [owner],
    })
    expect(left).toBeUndefined()
  })

  it('a new text is found though an older one was deleted', async () => {
    const { owner, q, photoId } = await photoWithText(true)
    await readTextInPhotosOf(world.db, owner, false)
    await readTextInPhotosOf(world.db, owner, true)
    const again = freshWord()
    await textWasRead(world.db, photoId, again)
    await inLine(owner)
    expect((await found(ANYONE, again)).ids).toEqual([photoId])
    expect((await found(ANYONE, q)).ids).toEqual([])
  })
})
