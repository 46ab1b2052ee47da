import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { Viewer } from '../../src/domain/visibility.ts'
import { VISIBILITY_TABLE, type ViewerKind } from '../../src/domain/visibility.table.ts'
import { openSearchClient } from '../../src/infra/opensearch/client.ts'
import { createPhotoIndex, type PhotoDocument } from '../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex, photosAlias, photosIndex } from '../../src/infra/opensearch/setup.ts'
import { visibleTo } from '../../src/infra/opensearch/visibility.ts'
import { createSearch } from '../../src/services/search/search.ts'
import { createSearchIndex } from '../../src/services/search/search-index.ts'
import { MAX_SEARCH_TEXT_CHARACTERS } from '../../src/services/search/search-text.ts'
import { openSearchWorld, type SearchWorld } from './search-fixture.ts'

let world: SearchWorld
beforeAll(async () => {
  world = await openSearchWorld()
})
afterAll(async () => {
  await world.close()
})

const ANYONE: Viewer = null
const minutes = (count: number) => new Date(Date.UTC(2026, 0, 1, 0, count))

/** A word that no other test's captions hold. */
const freshWord = () => `w${uuidv7().replaceAll('-', '')}`

describe('the search twin of maySee', () => {
  it.each(VISIBILITY_TABLE)('$viewer, $visibility, $status → $visible', async (row) => {
    const viewers: Record<ViewerKind, Viewer> = {
      anonymous: null,
      stranger: { userId: '9000002' },
      follower: { userId: '9000003' },
      owner: { userId: '9000001' },
    }
    const photoId = uuidv7()
    const document: PhotoDocument = {
      photoId,
      ownerId: '9000001',
      username: 'owner',
      caption: null,
      altText: null,
      tags: [],
      visibility: row.visibility,
      status: row.status,
      publishedAt: 1,
      version: 1,
    }
    expect(await world.index.put(document)).toBe(true)
    await world.refresh()
    const followees = row.viewer === 'follower' ? ['9000001', '9000009'] : ['9000009']
    const query = {
      bool: {
        filter: [visibleTo(viewers[row.viewer], followees), { term: { photoId: { value: photoId } } }],
      },
    }
    const hits = await world.index.search({ query, order: 'recent', after: null, size: 10 })
    expect(hits.length === 1).toBe(row.visible)
    await world.index.remove(photoId, 2)
  })
})

describe('words', () => {
  it('meet in any case and with or without accents, in text and tags', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish(
      { owner, caption: `${mark} Zürich` },
      { owner, caption: `${mark} zurich` },
      { owner, caption: `${mark} #ZURICH` },
      { owner, caption: `${mark} Zu\u0308rich` },
      { owner, altText: `${mark} by ZÜRICH lake` },
    )
    for (const spelling of ['zurich', 'Zürich', 'ZURICH', 'Zu\u0308rich', 'ｚｕｒｉｃｈ']) {
      expect(await world.find(ANYONE, { q: `${mark} ${spelling}` }), spelling).toHaveLength(ids.length)
    }
  })

  it.each([
    ['Άνοιξη στην Αθήνα', 'ανοιξη'],
    ['Άνοιξη στην Αθήνα', 'ΑΘΗΝΑ'],
    ['Ёлка', 'елка'],
    ['Smørrebrød', 'smorrebrod'],
    ['Große Straße', 'STRASSE'],
    ['東京の写真', '写真'],
    ['東京の写真', '写'],
    ['हिन्दी दिवस', 'हिन्दी'],
    ['sunrise 🌅', '🌅'],
    ["the dog's bone", 'dog'],
    ['the dog’s bone', 'dogs'],
    ['new-york', 'York New'],
  ])('of any script: %s is found by %s', async (caption, q) => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} ${caption}` })
    expect(await world.find(ANYONE, { q: `${mark} ${q}` })).toEqual(ids)
  })

  it('keep apart what folding must not join', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    await world.publish({ owner, caption: `${mark} हिन्दी` })
    expect(await world.find(ANYONE, { q: `${mark} हनद` })).toEqual([])
  })

  it('are found by English stems, the exact form first', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [exact, newerStem, newestStem] = await world.publish(
      { owner, caption: `${mark} running`, publishedAt: minutes(1) },
      { owner, caption: `${mark} run`, publishedAt: minutes(2) },
      { owner, caption: `${mark} runs`, publishedAt: minutes(3) },
    )
    expect(await world.find(ANYONE, { q: `${mark} running` })).toEqual([exact, newestStem, newerStem])
    expect(await world.find(ANYONE, { q: `${mark} running`, sort: 'recent' })).toEqual([
      newestStem,
      newerStem,
      exact,
    ])
  })

  it('must all be there, wherever they are; a tag counts most', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [inTag, inCaption, spread] = await world.publish(
      { owner, caption: `${mark} #harbour`, publishedAt: minutes(1) },
      { owner, caption: `${mark} harbour`, publishedAt: minutes(2) },
      { owner, caption: mark, altText: 'a harbour', publishedAt: minutes(3) },
      { owner, caption: `${mark} port` },
    )
    expect(await world.find(ANYONE, { q: `harbour ${mark}` })).toEqual([inTag, inCaption, spread])
  })

  it('in quotes are a phrase', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [phrase] = await world.publish(
      { owner, caption: `${mark} to the lighthouse` },
      { owner, caption: `${mark} the lighthouse to see` },
    )
    expect(await world.find(ANYONE, { q: `"to the lighthouse" ${mark}` })).toEqual([phrase])
  })

  it('mean nothing but themselves, whatever is typed', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} sea` })
    for (const q of [
      `${mark} sea -- * ~ |`,
      `${mark} "sea`,
      `(${mark} sea)`,
      `+${mark} -sea`,
      `${mark} sea \\ / : ^ { } [ ]`,
    ]) {
      expect(await world.find(ANYONE, { q }), q).toEqual(ids)
    }
    for (const q of [
      '---',
      '"',
      '*',
      ' ＊ ',
      '/.*/',
      '\\',
      `${mark} se*`,
      `${mark} sae~1`,
      `${mark} OR`,
      '#',
      '_exists_:caption',
    ]) {
      expect(await world.find(ANYONE, { q }), q).toEqual([])
    }
  })

  it.each([
    ['one run of letters', 'x'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['single letters', 'x '.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
    ['a script without spaces', '写真'.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
    ['quotes', '"'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['phrases', '"写真写真"'.repeat(Math.floor(MAX_SEARCH_TEXT_CHARACTERS / 6))],
    ['emoji', '🦑'.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
    ['tags', '#写'.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
  ])('up to the longest q: %s', async (_, q) => {
    expect(await world.find(ANYONE, { q })).toEqual([])
  })

  it.each([
    ['too long', 'x'.repeat(MAX_SEARCH_TEXT_CHARACTERS + 1)],
    ['too long once its ligatures are undone', '\ufdfa'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
  ])('are refused when %s', async (_, q) => {
    await expect(world.search.searchPhotos(ANYONE, { q, limit: 1 })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})

describe('filters', () => {
  it('find tags of any script in any spelling, within q and beside it', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    const [zurich, photo] = await world.publish(
      { owner, caption: `#${tag} #Zürich`, publishedAt: minutes(1) },
      { owner, caption: `#${tag} #写真 at dawn`, publishedAt: minutes(2) },
    )
    expect(await world.find(ANYONE, { q: `#${tag} #ZURICH` })).toEqual([zurich])
    expect(await world.find(ANYONE, { q: `#${tag}`, tag: 'zurich' })).toEqual([zurich])
    expect(await world.find(ANYONE, { q: `dawn #${tag.toUpperCase()}`, tag: '#写真' })).toEqual([photo])
    expect(await world.find(ANYONE, { q: `#${tag} #写` })).toEqual([])
    const list = await world.search.photosOfTag(ANYONE, { tag, limit: 10 })
    expect(list.items.map((card) => card.photoId)).toEqual([photo, zurich])
    expect(await world.search.photosOfTag(ANYONE, { tag: freshWord(), limit: 10 })).toEqual({
      items: [],
      nextCursor: null,
    })
  })

  it('by user and time, with an empty q as well; newest first', async () => {
    const username = `Ada_${freshWord()}`
    const owner = await world.addUser(username)
    const ids = await world.publish(...[1, 2, 3, 4].map((at) => ({ owner, publishedAt: minutes(at) })))
    expect(await world.find(ANYONE, { user: username })).toEqual(ids.toReversed())
    expect(await world.find(ANYONE, { user: username.toUpperCase(), q: '  ' })).toEqual(ids.toReversed())
    expect(await world.find(ANYONE, { user: username, from: minutes(2), to: minutes(4) })).toEqual([
      ids[2],
      ids[1],
    ])
    expect(await world.find(ANYONE, { user: username, from: minutes(5) })).toEqual([])
    expect(await world.find(ANYONE, { user: 'nobody-of-this-name' })).toEqual([])
  })
})

describe('rights', () => {
  it('show each viewer what they may see, and count no more', async () => {
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
      [{ userId: stranger }, [open]],
      [{ userId: follower }, [open, followers]],
      [{ userId: owner }, [open, followers, own]],
    ] as const) {
      const page = await world.search.searchPhotos(viewer, { q, limit: 10 })
      expect(page.items.map((card) => card.photoId)).toEqual(visible)
      expect(page).toMatchObject({ total: visible.length, nextCursor: null })
    }
  })

  it('act at once: what was narrowed, deleted or quarantined after indexing neither shows nor counts', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const [visible, narrowed, deleted, quarantined] = await world.publish(
      ...[4, 3, 2, 1].map((at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    await world.change(narrowed!, { visibility: 'private' })
    await world.change(deleted!, { status: 'deleted' })
    await world.change(quarantined!, { status: 'quarantined' })
    // A page of one, so that an honest cursor would show that something follows.
    for (const viewer of [ANYONE, { userId: await world.addUser() }]) {
      expect(await world.search.searchPhotos(viewer, { q, limit: 1 })).toMatchObject({
        items: [{ photoId: visible }],
        total: 1,
        nextCursor: null,
      })
    }
    expect(await world.find({ userId: owner }, { q })).toEqual([visible, narrowed])
  })

  it('end with the follow', async () => {
    const owner = await world.addUser()
    const viewer = { userId: await world.addUser() }
    await world.follow(viewer.userId, owner)
    const q = freshWord()
    const ids = await world.publish({ owner, caption: q, visibility: 'followers' })
    expect(await world.find(viewer, { q })).toEqual(ids)
    await world.db.transaction(
      ({ query }) => query({ text: 'DELETE FROM follows WHERE follower_id = $1', values: [viewer.userId] }),
      { narrows: true },
    )
    expect(await world.search.searchPhotos(viewer, { q, limit: 1 })).toMatchObject({ items: [], total: 0 })
  })

  it('a page full of hidden hits is topped up', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...Array.from({ length: 30 }, (_, at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const hidden = ids.slice(5, 28)
    for (const photoId of hidden) await world.change(photoId, { visibility: 'private' })
    const visible = ids.filter((photoId) => !hidden.includes(photoId)).toReversed()
    const page = await world.search.searchPhotos(ANYONE, { q, limit: 4 })
    expect(page.items.map((card) => card.photoId)).toEqual(visible.slice(0, 4))
    expect(page.total).toBe(visible.length)
    for (const limit of [1, 2, 3, 7]) expect(await world.find(ANYONE, { q, limit })).toEqual(visible)
  })
})

describe('cursors', () => {
  it('walk every hit once in one order, whatever the page size', async () => {
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

  it('are not shifted by photos that come and go', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...[1, 2, 3, 4, 5].map((at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const first = await world.search.searchPhotos(ANYONE, { q, limit: 2 })
    await world.publish({ owner, caption: `${q} #${q}`, publishedAt: minutes(9) })
    await world.change(ids[3]!, { status: 'deleted' })
    await world.searchIndex.indexPhoto(ids[3]!)
    await world.refresh()
    const second = await world.search.searchPhotos(ANYONE, { q, limit: 9, cursor: first.nextCursor! })
    expect(second.items.map((card) => card.photoId)).toEqual([ids[2], ids[1], ids[0]])
    expect(second.total).toBe(5)
  })

  it('go on past what total counts, which says no more than it counted', async () => {
    const owner = await world.addUser()
    const q = freshWord()
    const ids = await world.publish(
      ...Array.from({ length: 12 }, (_, at) => ({ owner, caption: q, publishedAt: minutes(at) })),
    )
    const maxCountedHits = 5
    const search = createSearch({
      index: world.index,
      query: world.db.replica,
      cursorSecret: 'x',
      maxCountedHits,
    })
    await world.change(ids[10]!, { visibility: 'private' })
    for (const limit of [1, 2, 3, 4, 5, 6, 11, 12]) {
      const found = []
      let cursor: string | undefined
      do {
        const page = await search.searchPhotos(ANYONE, { q, limit, cursor })
        expect(page.total).toBe(maxCountedHits - 1)
        found.push(...page.items.map((card) => card.photoId))
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      expect(found, `limit ${limit}`).toEqual(ids.toReversed().filter((photoId) => photoId !== ids[10]))
    }
  })

  it('serve their viewer, list and filters only', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    await world.publish({ owner, caption: `#${tag}` }, { owner, caption: `#${tag}` })
    const { nextCursor } = await world.search.searchPhotos(ANYONE, { tag, limit: 1 })
    const cursor = nextCursor!
    const refused = { code: 'bad_cursor' }
    const { search } = world
    await expect(search.searchPhotos({ userId: owner }, { tag, limit: 1, cursor })).rejects.toMatchObject(
      refused,
    )
    await expect(search.searchPhotos(ANYONE, { tag, q: 'x', limit: 1, cursor })).rejects.toMatchObject(
      refused,
    )
    await expect(
      search.searchPhotos(ANYONE, { tag, from: minutes(0), limit: 1, cursor }),
    ).rejects.toMatchObject(refused)
    await expect(search.photosOfTag(ANYONE, { tag, limit: 1, cursor })).rejects.toMatchObject(refused)
    await expect(search.searchPhotos(ANYONE, { tag, limit: 1, cursor: 'x' })).rejects.toMatchObject(refused)
    expect((await search.searchPhotos(ANYONE, { tag, limit: 50, cursor })).items).toHaveLength(1)
  })
})

describe('documents', () => {
  it('are found within a refresh and half a second', async () => {
    const q = freshWord()
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: q })
    await world.searchIndex.indexPhoto(photoId)
    const indexedAt = performance.now()
    await expect.poll(() => world.find(ANYONE, { q }), { interval: 25, timeout: 10_000 }).toEqual([photoId])
    expect(performance.now() - indexedAt).toBeLessThan(1_500)
  })

  it('follow the row: written when ready, gone when not; again is harmless', async () => {
    const q = freshWord()
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: q, status: 'processing' })
    const indexPhoto = async () => {
      const outcome = await world.searchIndex.indexPhoto(photoId)
      await world.refresh()
      return outcome
    }
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 1, changed: false })
    await world.change(photoId, { status: 'ready' })
    expect(await indexPhoto()).toEqual({ state: 'indexed', version: 2, changed: true })
    expect(await indexPhoto()).toEqual({ state: 'indexed', version: 2, changed: false })
    expect(await world.find(ANYONE, { q })).toEqual([photoId])
    await world.change(photoId, { status: 'deleted' })
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 3, changed: true })
    expect(await indexPhoto()).toEqual({ state: 'removed', version: 3, changed: false })
    expect(await documentOf(photoId)).toBeUndefined()
    expect(await world.searchIndex.indexPhoto(uuidv7())).toEqual({
      state: 'removed',
      version: null,
      changed: false,
    })
  })

  it('hold what is searched and nothing else', async () => {
    const owner = await world.addUser('Grace.Hopper')
    const [photoId] = await world.publish({
      owner,
      caption: 'Café #Zürich',
      altText: 'A cup',
      visibility: 'followers',
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
      version: 1,
    })
    const document = (await documentOf(photoId!)) as unknown as PhotoDocument
    const withMore = { ...document, version: 2, email: 'grace@example.org' }
    await expect(world.index.put(withMore)).rejects.toThrow('strict_dynamic_mapping_exception')
  })

  it('never go back: an older version loses against a newer one and against a removal', async () => {
    const q = freshWord()
    const [photoId] = await world.publish({ owner: await world.addUser(), caption: q })
    const old = (await documentOf(photoId!)) as unknown as PhotoDocument
    await world.change(photoId!, { caption: `${q} renamed` })
    await world.searchIndex.indexPhoto(photoId!)
    expect(await world.index.put(old)).toBe(false)
    expect(await world.index.remove(photoId!, 1)).toBe(false)
    expect(await documentOf(photoId!)).toMatchObject({ caption: `${q} renamed`, version: 2 })

    await world.change(photoId!, { status: 'deleted' })
    await world.searchIndex.indexPhoto(photoId!)
    await world.refresh()
    expect(await world.index.put(old)).toBe(false)
    expect(await world.index.put({ ...old, version: 2 })).toBe(false)
    await world.refresh()
    expect(await documentOf(photoId!)).toBeUndefined()
    expect(await world.find(ANYONE, { q })).toEqual([])
  })

  it('brought back by a write that was held up until the removal was forgotten are removed again', async () => {
    const index = photosAlias(world.prefix)
    const keepDeletedVersions = (time: string) =>
      world.client.indices.putSettings({ index, body: { index: { gc_deletes: time } } })
    const photoId = await world.addPhoto({ owner: await world.addUser(), caption: freshWord() })
    let cameBack = false
    const heldUp = createSearchIndex({
      primary: world.db.primary,
      index: {
        ...world.index,
        async put(document) {
          await world.change(photoId, { status: 'deleted' })
          await world.searchIndex.indexPhoto(photoId)
          await keepDeletedVersions('0s')
          const late = async () => {
            await world.refresh()
            return world.index.put(document)
          }
          await expect.poll(late, { timeout: 20_000 }).toBe(true)
          await keepDeletedVersions('1h')
          cameBack = (await documentOf(photoId)) !== undefined
          return true
        },
      },
    })
    expect(await heldUp.indexPhoto(photoId)).toEqual({ state: 'removed', version: 2, changed: true })
    expect(cameBack).toBe(true)
    expect(await documentOf(photoId)).toBeUndefined()
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
  it('is the same however often and concurrently it runs', async () => {
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

  it('is asked for, not guessed, when it was left out', async () => {
    const index = createPhotoIndex(world.client, `${world.prefix}-none`)
    const unavailable = { code: 'unavailable', retryAfterSeconds: expect.any(Number) }
    const photoId = uuidv7()
    const document = { photoId, version: 1 } as PhotoDocument
    await expect(index.put(document)).rejects.toMatchObject(unavailable)
    await expect(index.remove(photoId, 1)).rejects.toMatchObject(unavailable)
    const all = { query: { match_all: {} }, order: 'recent', after: null, size: 1 } as const
    await expect(index.search(all)).rejects.toMatchObject(unavailable)
    const { body } = await world.client.indices.exists({ index: photosAlias(`${world.prefix}-none`) })
    expect(body).toBe(false)
  })
})

describe('OpenSearch out of reach', () => {
  it('answers unavailable, when it refuses and when it hangs', async () => {
    const silent = createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const clients = [openSearchClient('http://127.0.0.1:1'), openSearchClient(`http://127.0.0.1:${port}`)]
    try {
      for (const client of clients) {
        const index = createPhotoIndex(client, world.prefix)
        const search = createSearch({ index, query: world.db.replica, cursorSecret: 'x' })
        await expect(search.searchPhotos(ANYONE, { q: 'x', limit: 1 })).rejects.toMatchObject({
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
