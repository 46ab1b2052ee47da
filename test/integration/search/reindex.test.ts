import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { foundIn } from '../../../src/contracts/search-reindex.ts'
import { createIndexBuilds } from '../../../src/infra/opensearch/builds.ts'
import { storedDocuments } from '../../../src/infra/opensearch/documents.ts'
import { INDEX_VERSION } from '../../../src/infra/opensearch/mapping.ts'
import { writerOf } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex } from '../../../src/infra/opensearch/setup.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { createReindexer, type ReindexerDeps } from '../../../src/services/search/reindex.ts'
import { ANYONE, freshWord, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const { client, prefix, db } = world
const builds = createIndexBuilds(client, prefix, 0)
const deps: ReindexerDeps = {
  primary: db.primary,
  index: world.index,
  builds,
  only: (index) => writerOf(client, index),
  documentsOf: (index) => storedDocuments(client, index),
}
const reindexer = createReindexer(deps)

let nth = 0
afterEach(async () => {
  await builds.abandon()
  await builds.discard()
})

const { signal } = new AbortController()
const running = { maxMs: 10_000, onReached: () => undefined, signal }
const begin = () => reindexer.begin(`t${++nth}`, INDEX_VERSION)

async function copyAll(index: string, of = reindexer, pageSize = 50): Promise<void> {
  for (let after: string | null = null; ;) {
    const slice = await of.copy({ index, after, maxDocuments: pageSize }, running)
    after = slice.after
    if (slice.isAtEnd) return
  }
}

/** Compares the documents of an index with the rows; what is found is written again. */
async function compareAll(index: string) {
  const { tally, isAtEnd } = await reindexer.compare({ index, after: null }, 60_000, signal)
  expect(isAtEnd).toBe(true)
  return tally
}

describe('a reindex', () => {
  it('swaps the index under searches, edits and deletions', async () => {
    const q = freshWord()
    const owner = await world.addUser()
    const addMany = (count: number) =>
      Promise.all(Array.from({ length: count }, () => world.addPhoto({ owner, caption: q })))
    const [still, edited, deleted] = [await addMany(40), await addMany(10), await addMany(10)]
    await world.searchIndex.indexPhotosOf(owner, null)
    await world.refresh()
    const before = (await builds.find()).current!

    let isDone = false
    const walks: string[][] = []
    async function search(): Promise<void> {
      while (!isDone) walks.push(await world.find(ANYONE, { q }))
    }
    async function change(): Promise<string[]> {
      const added = []
      for (let at = 0; at < 10; at++) {
        await world.edit(edited[at]!, { caption: `${q} edited` })
        await world.searchIndex.indexPhoto(edited[at]!)
        await world.remove(deleted[at]!)
        await world.searchIndex.indexPhoto(deleted[at]!)
        const photoId = await world.addPhoto({ owner, caption: q })
        await world.searchIndex.indexPhoto(photoId)
        added.push(photoId)
      }
      return added
    }
    async function reindex(): Promise<string> {
      const { index } = await begin()
      await copyAll(index, reindexer, 10)
      expect(foundIn(await compareAll(index))).toBe(0)
      await reindexer.swap(index)
      return index
    }
    const searches = [search(), search()]
    const [index, added] = await Promise.all([reindex(), change()])
    await delay(1_000)
    isDone = true
    await Promise.all(searches)

    expect(await builds.find()).toEqual({ current: index, previous: before })
    expect(walks.length).toBeGreaterThan(5)
    for (const found of walks) {
      expect(new Set(found).size).toBe(found.length)
      expect(still.filter((photoId) => !found.includes(photoId))).toEqual([])
    }
    await world.refresh()
    const wanted = [...still, ...edited, ...added].sort()
    expect((await world.find(ANYONE, { q })).sort()).toEqual(wanted)
    expect(await world.find(ANYONE, { q: `${q} edited` })).toHaveLength(10)

    // The former index has got every write, so that going back loses nothing either.
    const late = await world.addPhoto({ owner, caption: q })
    await world.searchIndex.indexPhoto(late)
    expect(await builds.rollBack()).toEqual({ from: index, to: before })
    expect((await world.find(ANYONE, { q })).sort()).toEqual([...wanted, late].sort())
    expect(await builds.find()).toEqual({ current: before })
  })

  it('keeps a photo away that was deleted while its document was on its way', async () => {
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: freshWord() })
    await world.searchIndex.indexPhoto(photoId)
    const { index } = await begin()
    const heldUp = createReindexer({
      ...deps,
      only: (name) => ({
        async write(writes, options) {
          await world.remove(photoId)
          await world.searchIndex.indexPhoto(photoId)
          await client.indices.putSettings({ index: name, body: { index: { gc_deletes: '0s' } } })
          await client.indices.refresh({ index: name })
          const outcomes = await writerOf(client, name).write(writes, options)
          await client.indices.putSettings({ index: name, body: { index: { gc_deletes: '1h' } } })
          return outcomes
        },
      }),
    })
    await copyAll(index, heldUp, 1_000)
    expect(await compareAll(index)).toMatchObject({ extra: 1, repaired: 1 })
    expect(await storedDocuments(client, index).of([photoId])).toEqual([])
  })

  it('replaces documents of the same version that another release wrote', async () => {
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: freshWord() })
    await world.searchIndex.indexPhoto(photoId)
    const { index } = await begin()
    const [document] = await storedDocuments(client, photosAlias(prefix)).of([photoId])
    await writerOf(client, index).write([{ put: { ...document!, caption: 'otherwise' } }])
    await copyAll(index)
    expect(await storedDocuments(client, index).of([photoId])).toEqual([document])
  })

  it('finds and repairs what is missing, left over, behind or different', async () => {
    const owner = await world.addUser()
    const add = () => world.addPhoto({ owner, caption: freshWord() })
    const [missing, stale, different, extra] = [await add(), await add(), await add(), await add()]
    const { index } = await begin()
    await copyAll(index)
    const [document] = await storedDocuments(client, index).of([different])
    await writerOf(client, index).write(
      [{ remove: missing, version: 1 }, { put: { ...document!, visibility: 'private' } }],
      { overSame: true },
    )
    await world.edit(stale, { caption: freshWord() })
    await world.remove(extra)
    expect(await compareAll(index)).toMatchObject({
      missing: 1,
      stale: 1,
      different: 1,
      extra: 1,
      repaired: 4,
    })
    expect(foundIn(await compareAll(index))).toBe(0)
    expect(await storedDocuments(client, index).of([different])).toEqual([document])
  })

  it('goes no further with an index that was given up', async () => {
    const { index } = await begin()
    await reindexer.abandon()
    await expect(copyAll(index)).rejects.toThrow('not being built any more')
    await expect(reindexer.swap(index)).rejects.toThrow('is not the index that is being built')
    await expect(reindexer.begin('other', INDEX_VERSION + 1)).rejects.toThrow('this release writes documents')
  })
})

describe('an index of an earlier version', () => {
  it('goes on being searched, and takes documents with new fields', async () => {
    const old = `${prefix}-old`
    const alias = photosAlias(old)
    await client.indices.create({
      index: `${alias}-v${INDEX_VERSION - 1}`,
      body: {
        aliases: { [alias]: {} },
        mappings: { dynamic: 'strict', properties: { photoId: { type: 'keyword' } } },
      },
    })
    try {
      expect(await ensureSearchIndex(client, old)).toBe('outdated')
      const photoId = await world.addPhoto({ owner: await world.addUser(), caption: freshWord() })
      await world.searchIndex.indexPhoto(photoId)
      const [document] = await storedDocuments(client, photosAlias(prefix)).of([photoId])
      expect(await writerOf(client, `${alias}-v${INDEX_VERSION - 1}`).write([{ put: document! }])).toEqual([
        { state: 'written' },
      ])
      const oldBuilds = createIndexBuilds(client, old, 0)
      const index = await oldBuilds.begin('a')
      await oldBuilds.swap(index)
      expect(await ensureSearchIndex(client, old)).toBe('ready')
      await oldBuilds.rollBack()
      expect(await ensureSearchIndex(client, old)).toBe('heldBack')
    } finally {
      await client.indices.delete({ index: `${alias}-v*` })
      await client.indices.deleteIndexTemplate({ name: alias })
    }
  })

  it('is not replaced by an empty one where there are photos and it is lost', async () => {
    const lost = `${prefix}-lost`
    expect(await ensureSearchIndex(client, lost, async () => true)).toBe('lost')
    expect(await createIndexBuilds(client, lost).find()).toEqual({})
    await client.indices.deleteIndexTemplate({ name: photosAlias(lost) })
  })
})
