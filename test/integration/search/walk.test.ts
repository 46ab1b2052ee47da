import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIndexBuilds } from '../../../src/infra/opensearch/builds.ts'
import { storedDocuments } from '../../../src/infra/opensearch/documents.ts'
import { INDEX_VERSION } from '../../../src/infra/opensearch/mapping.ts'
import { writerOf } from '../../../src/infra/opensearch/photo-index.ts'
import { createReindexer } from '../../../src/services/search/reindex.ts'
import { ANYONE, freshWord, searchWorldOfFile } from '../../support/worlds/search-world.ts'

/** WALK_ROUNDS=200 is the thorough size; WALK_SEED repeats a run. */
const ROUNDS = Number(process.env.WALK_ROUNDS ?? 4)
const SEED = Number(process.env.WALK_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Of them, those with an even place stand still. */
const PHOTOS = 16
const DAY_MS = 24 * 60 * 60 * 1000

const world = await searchWorldOfFile()
const { client, prefix, db } = world

/** What happens between two pages, to photos with an odd place. */
const event = fc.oneof(
  fc.record({
    act: fc.constantFrom('gain a tag', 'lose the word', 'be liked', 'be deleted', 'be narrowed'),
    at: fc.nat({ max: PHOTOS / 2 - 1 }),
  }),
  fc.record({ act: fc.constantFrom('newcomer', 'reindex', 'merge'), at: fc.nat({ max: 400 }) }),
)
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never

const walk = fc.record({
  sort: fc.constantFrom('relevance' as const, 'recent' as const),
  limit: fc.integer({ min: 2, max: 6 }),
  ages: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: PHOTOS, maxLength: PHOTOS }),
  likes: fc.array(fc.constantFrom(0, 1, 5, 80), { minLength: PHOTOS, maxLength: PHOTOS }),
  between: fc.array(fc.array(event, { maxLength: 2 }), { minLength: PHOTOS, maxLength: PHOTOS }),
})

let nth = 0
/** Another index with the same documents takes the alias, as after `darkroom search reindex`. */
async function reindex(): Promise<void> {
  const { signal } = new AbortController()
  const builds = createIndexBuilds(client, prefix, 0)
  const reindexer = createReindexer({
    primary: db.primary,
    index: world.index,
    builds,
    only: (name) => writerOf(client, name),
    documentsOf: (name) => storedDocuments(client, name),
  })
  const { index } = await reindexer.begin(`w${++nth}`, INDEX_VERSION)
  const input = { index, after: null, maxDocuments: 1_000_000 }
  await reindexer.copy(input, { maxMs: 60_000, onReached: () => undefined, signal })
  await reindexer.swap(index)
  await builds.discard()
}

async function like(photoId: string): Promise<void> {
  await db.primary({
    text: `INSERT INTO photo_counters (photo_id, slot, likes, comments) VALUES ($1, 1, 300, 0)
      ON CONFLICT (photo_id, slot) DO UPDATE SET likes = photo_counters.likes + 300`,
    values: [photoId],
  })
}

interface Library {
  owner: string
  q: string
  photos: string[]
  deleted: Set<string>
}

async function happen({ act, at }: Event, of: Library): Promise<void> {
  if (act === 'reindex') return reindex()
  if (act === 'merge')
    return void (await client.indices.forcemerge({ index: `${prefix}-photos`, max_num_segments: 1 }))
  if (act === 'newcomer') {
    await world.publish({ owner: of.owner, caption: of.q, publishedAt: new Date(Date.now() - at * DAY_MS) })
    return
  }
  const photoId = of.photos[2 * at + 1]!
  // Nothing happens to a photo any more once it is deleted.
  if (of.deleted.has(photoId)) return
  if (act === 'gain a tag') await world.edit(photoId, { caption: `${of.q} #${of.q}` })
  if (act === 'lose the word') await world.edit(photoId, { caption: 'nothing' })
  if (act === 'be liked') await like(photoId)
  if (act === 'be deleted') {
    await world.remove(photoId)
    of.deleted.add(photoId)
  }
  if (act === 'be narrowed') await world.edit(photoId, { visibility: 'private' })
  await world.searchIndex.indexPhotosOf(of.owner, null)
  await world.refresh()
}

describe('a walk through pages', () => {
  it(`shows each photo that stands still once, seed ${SEED}`, async () => {
    for (const { sort, limit, ages, likes, between } of fc.sample(walk, { numRuns: ROUNDS, seed: SEED })) {
      const owner = await world.addUser()
      const q = freshWord()
      const photos = await world.publish(
        ...ages.map((days, at) => ({
          owner,
          caption: at % 3 === 0 ? `${q} #${q}` : q,
          publishedAt: new Date(Date.now() - days * DAY_MS),
          likes: likes[at]!,
        })),
      )
      const library = { owner, q, photos, deleted: new Set<string>() }
      const seen: string[] = []
      let cursor: string | undefined
      for (let page = 0; ; page++) {
        const { items, nextCursor } = await world.searchPage(ANYONE, { q, sort, limit, cursor })
        seen.push(...items.map((card) => card.photoId))
        if (nextCursor === null) break
        cursor = nextCursor
        for (const one of between[page] ?? []) await happen(one, library)
      }
      const times = photos.map((photoId) => seen.filter((each) => each === photoId).length)
      const still = times.filter((_, at) => at % 2 === 0)
      expect(still).toEqual(still.map(() => 1))
      // By time nothing moves, so that what changes is never shown twice either.
      if (sort === 'recent') expect(Math.max(...times)).toBe(1)
    }
  }, 120_000)
})
