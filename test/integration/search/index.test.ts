import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { createPhotoIndex, type PhotoDocument } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex, photosIndex } from '../../../src/infra/opensearch/setup.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { createSearch } from '../../../src/services/search/search.ts'
import { createSearchIndex } from '../../../src/services/search/search-index.ts'
import { ANYONE, freshWord, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()

describe('documents', () => {
  it('are found without anyone asking for a refresh', async () => {
    const q = freshWord()
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: q })
    await world.searchIndex.indexPhoto(photoId)
    await expect.poll(() => world.find(ANYONE, { q }), { interval: 25, timeout: 20_000 }).toEqual([photoId])
  })

  it('exist only while the photo is ready, however often indexed', async () => {
    const q = freshWord()
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: q, status: 'processing' })
    const indexPhoto = async () => {
      const outcome = await world.searchIndex.indexPhoto(photoId)
      await world.refresh()
      return outcome
    }
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 1, changed: false })
    await world.setStatus(photoId, 'ready')
    expect(await indexPhoto()).toEqual({ state: 'indexed', version: 2, changed: true })
    expect(await indexPhoto()).toEqual({ state: 'indexed', version: 2, changed: false })
    expect(await world.find(ANYONE, { q })).toEqual([photoId])
    await world.remove(photoId)
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 3, changed: true })
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 3, changed: false })
    expect(await documentOf(photoId)).toBeUndefined()
    expect(await world.searchIndex.indexPhoto(uuidv7())).toEqual({
      state: 'removed',
      version: null,
      changed: false,
    })
  })

  it('hold only what is searched', async () => {
    const owner = await world.addUser('Grace.Hopper')
    const [photoId] = await world.publish({
      owner,
      caption: 'Café #Zürich',
      altText: 'A cup',
      visibility: 'followers',
      location: { latitude: 47.0505, longitude: 8.3064 },
      camera: 'Canon EOS R5',
      lens: 'RF50mm',
      takenAt: '2024-05-01T12:00:00',
      shareLocation: false,
      likes: 5,
    })
    expect(await documentOf(photoId!)).toEqual({
      photoId,
      ownerId: owner,
      username: 'grace.hopper',
      caption: 'cafe #zurich',
      altText: 'a cup',
      tags: ['zurich'],
      visibility: 'followers',
      status: 'ready',
      publishedAt: expect.any(Number),
      orientation: 'landscape',
      colours: [],
      popularity: 2,
      shared: {
        takenAt: Date.UTC(2024, 4, 1, 12),
        takenYear: 2024,
        camera: 'Canon EOS R5',
        cameraWords: 'canon eos r5',
        lensWords: 'rf50mm',
      },
      withheld: {
        location: { lat: 47.0505, lon: 8.3064 },
        place: 'Luzern, Switzerland',
        placeWords: ['luzern', 'lucerne', 'switzerland', 'ch'],
      },
      version: 1,
    })
    const document = (await documentOf(photoId!)) as unknown as PhotoDocument
    const withMore = { ...document, version: 2, email: 'grace@example.org' }
    expect(await world.index.write([{ put: withMore }])).toEqual([
      { state: 'rejected', reason: 'strict_dynamic_mapping_exception' },
    ])
  })

  it('never return to an older version or after a removal', async () => {
    const q = freshWord()
    const [photoId] = await world.publish({ owner: await world.addUser(), caption: q })
    const old = (await documentOf(photoId!)) as unknown as PhotoDocument
    await world.edit(photoId!, { caption: `${q} renamed` })
    await world.searchIndex.indexPhoto(photoId!)
    expect(await world.index.write([{ put: old }, { remove: photoId!, version: 1 }])).toEqual([
      { state: 'outdated' },
      { state: 'outdated' },
    ])
    expect(await documentOf(photoId!)).toMatchObject({ caption: `${q} renamed`, version: 2 })

    await world.remove(photoId!)
    await world.searchIndex.indexPhoto(photoId!)
    await world.refresh()
    expect(await world.index.write([{ put: old }, { put: { ...old, version: 2 } }])).toEqual([
      { state: 'outdated' },
      { state: 'outdated' },
    ])
    await world.refresh()
    expect(await documentOf(photoId!)).toBeUndefined()
    expect(await world.find(ANYONE, { q })).toEqual([])
  })

  it('are removed again when a delayed write brings them back', async () => {
    const index = photosAlias(world.prefix)
    const keepDeletedVersions = (time: string) =>
      world.client.indices.putSettings({ index, body: { index: { gc_deletes: time } } })
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: freshWord() })
    let cameBack = false
    const heldUp = createSearchIndex({
      primary: world.db.primary,
      index: {
        ...world.index,
        async write(writes) {
          if (cameBack) return world.index.write(writes)
          await world.remove(photoId)
          await world.searchIndex.indexPhoto(photoId)
          await keepDeletedVersions('0s')
          const late = async () => {
            await world.refresh()
            return world.index.write(writes)
          }
          await expect.poll(late, { timeout: 20_000 }).toEqual([{ state: 'written' }])
          await keepDeletedVersions('1h')
          cameBack = (await documentOf(photoId)) !== undefined
          return [{ state: 'written' }]
        },
      },
    })
    expect(await heldUp.indexPhoto(photoId)).toEqual({ state: 'removed', version: 2, changed: true })
    expect(cameBack).toBe(true)
    expect(await documentOf(photoId)).toBeUndefined()
  })

  it('are written in bulk, one rejected document beside others', async () => {
    const q = freshWord()
    const [photoId] = await world.publish({ owner: await world.addUser(), caption: q })
    const document = (await documentOf(photoId!)) as unknown as PhotoDocument
    const many = Array.from({ length: 50 }, () => ({ put: { ...document, photoId: uuidv7() } }))
    const outcomes = await world.index.write([
      ...many,
      { put: { ...document, version: 2, visibility: { no: 'keyword' } as never } },
      { put: document },
      { remove: uuidv7(), version: 1 },
    ])
    expect(outcomes.slice(0, many.length).every(({ state }) => state === 'written')).toBe(true)
    expect(outcomes.slice(many.length)).toEqual([
      { state: 'rejected', reason: 'mapper_parsing_exception' },
      { state: 'outdated' },
      { state: 'absent' },
    ])
    expect(await world.index.write([{ put: document }], { overSame: true })).toEqual([{ state: 'written' }])
    await world.index.write(many.map(({ put }) => ({ remove: put.photoId, version: 2 })))
  })

  it('follow an account in bulk', async () => {
    const owner = await world.addUser()
    const photoIds = await Promise.all(
      Array.from({ length: 3 }, () => world.addPhoto({ owner, caption: freshWord() })),
    )
    expect(await world.searchIndex.indexPhotosOf(owner, null)).toEqual({ next: null, indexed: 3 })
    for (const photoId of photoIds) expect(await documentOf(photoId)).toMatchObject({ photoId, version: 1 })
  })

  async function documentOf(photoId: string): Promise<Record<string, unknown> | undefined> {
    const { body } = await world.client.get(
      { index: photosAlias(world.prefix), id: photoId },
      { ignore: [404] },
    )
    return body._source
  }
})

describe('set-up', () => {
  it('has the same result however often and concurrently it runs', async () => {
    const prefix = `${world.prefix}-many`
    const { client } = world
    try {
      await Promise.all(Array.from({ length: 8 }, () => ensureSearchIndex(client, prefix)))
      await ensureSearchIndex(client, prefix)
      const { body } = await client.indices.get({ index: `${photosAlias(prefix)}*` })
      expect(Object.keys(body)).toEqual([photosIndex(prefix)])
      expect(body[photosIndex(prefix)]).toMatchObject({
        aliases: { [photosAlias(prefix)]: {} },
        mappings: { dynamic: 'strict' },
        settings: { index: { refresh_interval: '1s', gc_deletes: '1h' } },
      })
    } finally {
      await client.indices.delete({ index: `${photosAlias(prefix)}-v*` })
      await client.indices.deleteIndexTemplate({ name: photosAlias(prefix) })
    }
  })

  it('reports a missing set-up instead of guessing', async () => {
    const index = createPhotoIndex(world.client, `${world.prefix}-none`)
    const unavailable = { code: 'unavailable', retryAfterSeconds: expect.any(Number) }
    const photoId = uuidv7()
    const document = { photoId, version: 1 } as PhotoDocument
    await expect(index.write([{ put: document }])).rejects.toMatchObject(unavailable)
    await expect(index.write([{ remove: photoId, version: 1 }])).rejects.toMatchObject(unavailable)
    const all = { query: { match_all: {} }, order: 'recent', after: null, size: 1 } as const
    await expect(index.search(all)).rejects.toMatchObject(unavailable)
    const { body } = await world.client.indices.exists({ index: photosAlias(`${world.prefix}-none`) })
    expect(body).toBe(false)
  })
})

describe('OpenSearch out of reach', () => {
  it('answers unavailable when it refuses and when it hangs', async () => {
    const silent = createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const clients = [openSearchClient('http://127.0.0.1:1'), openSearchClient(`http://127.0.0.1:${port}`)]
    try {
      for (const client of clients) {
        const index = createPhotoIndex(client, world.prefix)
        const search = createSearch({ index })
        await expect(world.searchPage(ANYONE, { q: 'x', limit: 1 }, search)).rejects.toMatchObject({
          code: 'unavailable',
          retryAfterSeconds: expect.any(Number),
        })
        const searchIndex = createSearchIndex({ index, primary: world.db.primary })
        await expect(searchIndex.indexPhoto(uuidv7())).rejects.toMatchObject({ code: 'unavailable' })
      }
    } finally {
      for (const client of clients) await client.close()
      silent.close()
    }
  })
})
