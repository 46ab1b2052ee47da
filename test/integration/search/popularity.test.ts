import { describe, expect, it } from 'vitest'
import { storedDocuments } from '../../../src/infra/opensearch/documents.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { refreshPopularity } from '../../../src/services/search/refresh-popularity.ts'
import type { SearchIndexDeps } from '../../../src/services/search/search-index.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const likes = createLikes({ db: world.db })
const documents = storedDocuments(world.client, photosAlias(world.prefix))

const deps: SearchIndexDeps = { primary: world.db.primary, index: world.index }
const popularityOf = async (photoId: string) => (await documents.of([photoId]))[0]?.popularity
const marked = async () => {
  const rows = await world.db.primary<{ photo_id: string }>({
    text: 'SELECT photo_id FROM popularity_marks ORDER BY photo_id',
    values: [],
  })
  return rows.map((row) => row.photo_id)
}

/** Likes of so many new accounts, all at once. @returns the accounts */
async function like(photoId: string, accounts: number): Promise<string[]> {
  const userIds = []
  for (let n = 0; n < accounts; n++) userIds.push(await world.addUser())
  await Promise.all(userIds.map((userId) => likes.like(userId, photoId)))
  return userIds
}

describe('popularity', () => {
  it('follows likes that pass a power of two, and no others', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [older, newer] = await world.publish(
      { owner, caption: q, publishedAt: minutes(0) },
      { owner, caption: q, publishedAt: minutes(1) },
    )
    expect(await world.find(ANYONE, { q })).toEqual([newer, older])
    await like(older!, 1)
    expect(await popularityOf(older!)).toBe(0)
    expect(await refreshPopularity(deps)).toBe(1)
    await world.refresh()
    expect(await popularityOf(older!)).toBe(1)
    expect(await world.find(ANYONE, { q })).toEqual([older, newer])
    expect(await refreshPopularity(deps)).toBe(0)
    await like(older!, 1)
    expect(await marked()).toEqual([older])
    await refreshPopularity(deps)
    await like(older!, 1)
    expect(await marked()).toEqual([])
  })

  it('follows likes at once, and those that are taken back', async () => {
    const [photoId] = await world.publish({ owner: await world.addUser() })
    const accounts = await like(photoId!, 20)
    await refreshPopularity(deps)
    expect(await popularityOf(photoId!)).toBe(3)
    await Promise.all(accounts.map((userId) => likes.unlike(userId, photoId!)))
    await refreshPopularity(deps)
    expect(await popularityOf(photoId!)).toBe(0)
  })

  it('keeps what is marked while documents are written', async () => {
    const [photoId] = await world.publish({ owner: await world.addUser() })
    await like(photoId!, 1)
    let isLate = true
    const index: SearchIndexDeps['index'] = {
      ...world.index,
      async write(writes, options) {
        if (isLate) await like(photoId!, 4)
        isLate = false
        return world.index.write(writes, options)
      },
    }
    expect(await refreshPopularity({ ...deps, index })).toBe(2)
    expect(await popularityOf(photoId!)).toBe(2)
    expect(await marked()).toEqual([])
  })

  it('catches up after an outage, also about photos that are gone', async () => {
    const [kept, deleted] = await world.publish(
      { owner: await world.addUser() },
      { owner: await world.addUser() },
    )
    await like(kept!, 1)
    await like(deleted!, 1)
    await world.remove(deleted!)
    const write = () => Promise.reject(new Error('down'))
    await expect(refreshPopularity({ ...deps, index: { ...world.index, write } })).rejects.toThrow('down')
    expect(await marked()).toEqual([kept, deleted].sort())
    expect(await refreshPopularity(deps)).toBe(2)
    expect([await popularityOf(kept!), await popularityOf(deleted!)]).toEqual([1, undefined])
  })
})
