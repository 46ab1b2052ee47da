import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import { openDatabase, type Database, type Query } from '../../../src/infra/db/database.ts'
import { readMemories } from '../../../src/services/discovery/memories.ts'
import { readMap } from '../../../src/services/discovery/own-map.ts'
import { readTimeline } from '../../../src/services/discovery/own-timeline.ts'
import { rankPhotos } from '../../../src/services/discovery/rank-photos.ts'
import { rankTags } from '../../../src/services/discovery/rank-tags.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { explaining, type Explained } from '../../support/explained.ts'
import { pageFor } from '../../support/list-read.ts'

/** Over the days of 25 years; one of five is somewhere else than in Lucerne. */
const OWN = Number(process.env.DARKROOM_PLANS_OWN ?? 4_000)
/** Public photos of others, of the last two days, and of years ago. */
const RECENT = Number(process.env.DARKROOM_PLANS_RECENT ?? 1_000)
const OLD = Math.max(40_000, RECENT * 2)
const PER_AUTHOR = 50
const SEEDED = ['photos', 'photo_tags', 'photo_counters']
/** Given a size, the figures are printed (docs/discovery.md). */
const isMeasured = process.env.DARKROOM_PLANS_OWN !== undefined
const SEEDING_MS = 600_000

let db: Database
let owner: UserId
let now: number

beforeAll(async () => {
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: SEEDING_MS,
    applicationName: 'plans',
  })
  owner = (await buildUser(db)).userId
  now = Date.now()
  // Counts and feeds play no part here, and would take most of the time.
  for (const table of SEEDED) await db.primary({ text: `ALTER TABLE ${table} DISABLE TRIGGER USER` })
  await seedOwn()
  await seedOthers()
  for (const table of [...SEEDED, 'users']) await db.primary({ text: `VACUUM (ANALYZE) ${table}` })
}, SEEDING_MS)
afterAll(() => db?.close())

const COLUMNS = `photo_id, owner_id, status, visibility, storage_key, content_type, bytes, upload_expires_at, published_at,
  score, width, height, thumbhash`
const PUBLISHED = `'none', 'image/jpeg', 1, now(), now()`

/** By SQL, as for all that is made here: a library of this size takes the services an hour. */
const seedOwn = () =>
  db.primary({
    text: `
      INSERT INTO photos (${COLUMNS}, taken_at, latitude, longitude)
      SELECT uuidv7(), $1, 'ready', 'private', ${PUBLISHED}, $2::bigint - n * 788400000000 / $3, 4, 3, 'x',
        '2000-01-01 12:00'::timestamp + n * 9000 / $3 * interval '1 day',
        CASE WHEN n % 5 = 0 THEN -60 + n % 120 ELSE 47.05 + n % 100 * 0.0001 END,
        CASE WHEN n % 5 = 0 THEN -170 + n % 340 ELSE 8.31 + n % 100 * 0.0001 END
      FROM generate_series(1, $3::bigint) n`,
    values: [owner, now, OWN],
  })

async function seedOthers(): Promise<void> {
  const { primary } = db
  await primary({
    text: `
      INSERT INTO users (username, password_hash, created_at)
      SELECT 'author' || n, 'none', now() - interval '1 year' FROM generate_series(1, $1) n`,
    values: [Math.ceil(RECENT / PER_AUTHOR)],
  })
  // The last two days, and before the windows of all rankings.
  for (const [count, from] of [
    [RECENT, now - 2 * 86_400_000],
    [OLD, now - 800 * 86_400_000],
  ] as const)
    await primary({
      text: `
        INSERT INTO photos (${COLUMNS})
        SELECT uuidv7(), a.user_id, 'ready', 'public', ${PUBLISHED}, $1::bigint + n * 1000, 4, 3, 'x'
        FROM generate_series(1, $2) n JOIN (
          SELECT user_id, row_number() OVER (ORDER BY user_id) AS nth FROM users WHERE username LIKE 'author%') a
          ON a.nth = 1 + n % $3::int`,
      values: [from, count, Math.ceil(RECENT / PER_AUTHOR)],
    })
  await primary({
    text: `INSERT INTO photo_tags (photo_id, tag, display, position)
      SELECT photo_id, t.tag, t.tag, t.place FROM photos p CROSS JOIN LATERAL (
        SELECT 'tag' || (p.score / (1000 * place) % 500) AS tag, place FROM generate_series(1, 2) place) t
      WHERE p.visibility = 'public' ON CONFLICT DO NOTHING`,
  })
  await primary({
    text: `INSERT INTO photo_counters (photo_id, slot, likes)
      SELECT photo_id, 0, 1 + score / 1000 % 90 FROM photos WHERE visibility = 'public' ON CONFLICT DO NOTHING`,
  })
}

async function explained(what: string, work: (query: Query) => Promise<unknown>): Promise<Explained[]> {
  return db.transaction(async (tx) => {
    const { query, plans } = explaining(tx.query)
    await work(query)
    if (isMeasured)
      for (const { statement, ms, pages, indexes } of plans)
        process.stdout.write(
          `${what}: ${Math.round(ms)} ms, ${pages} pages, ${JSON.stringify(indexes)} ${statement.slice(0, 40)}\n`,
        )
    return plans
  })
}

const list = (query: Query) =>
  pageFor(
    { primary: query, replica: query },
    { kind: 'user', userId: owner },
    { limit: 20 },
    { list: 'plans' },
  )

/** Entries that were read of indexes whose names begin so. */
const entriesOf = (plans: readonly Explained[], name: string) =>
  plans
    .flatMap(({ indexes }) => Object.entries(indexes))
    .reduce((sum, [index, entries]) => sum + (index.startsWith(name) ? entries : 0), 0)
const scannedIn = (plans: readonly Explained[]) => plans.flatMap(({ scanned }) => scanned)

describe('with many photos', () => {
  it('the timeline reads the months that it shows, and no others', async () => {
    const [plan] = await explained('timeline', (query) => readTimeline(list(query)))
    expect(plan!.scanned).toEqual([])
    expect(Object.keys(plan!.indexes)).toEqual(['photos_moment_idx'])
    // Of 300 months, 21 with a probe each.
    expect(plan!.indexes['photos_moment_idx']).toBeLessThan((OWN / 300) * 22 + 100)
  })

  it('memories read the days that they show', async () => {
    const plans = await explained('memories', (query) => readMemories(list(query), '2026-05-01'))
    expect(scannedIn(plans)).not.toContain('photos')
    const { indexes } = plans[0]!
    expect(Object.keys(indexes)).toEqual(['photos_day_idx'])
    expect(indexes['photos_day_idx']).toBeLessThan((OWN / 365) * 2)
  })

  it('the map reads photos between the latitudes of its box', async () => {
    const box = { west: -180, south: 20, east: 180, north: 30 }
    const [plan] = await explained('map of a tenth', (query) =>
      readMap({ ...list(query), query }, { bbox: box, zoom: 4 }),
    )
    expect(plan!.scanned).toEqual([])
    expect(Object.keys(plan!.indexes)).toEqual(['photos_map_idx'])
    expect(plan!.indexes['photos_map_idx']).toBeLessThan(OWN / 20)
  })

  it('a map of the world reads the photos of its owner alone', async () => {
    const bbox = { west: -180, south: -90, east: 180, north: 90 }
    const [plan] = await explained('map of the world', (query) =>
      readMap({ ...list(query), query }, { bbox, zoom: 3 }),
    )
    expect(plan!.scanned).toEqual([])
    expect(Object.values(plan!.indexes).reduce((sum, entries) => sum + entries)).toBeLessThanOrEqual(OWN * 2)
  })

  it.each([
    ['tags', rankTags, 'photo_tags'],
    ['photos', rankPhotos, 'photo_counters'],
  ] as const)('a ranking of %s reads what belongs to its window', async (what, rank, beside) => {
    const plans = await explained(`ranking of ${what}`, (query) =>
      rank({ transaction: (work) => work({ query } as never) }, now),
    )
    expect(scannedIn(plans)).not.toContain('photos')
    expect(scannedIn(plans)).not.toContain(beside)
    // Once to choose them, and once more to judge them.
    expect(entriesOf(plans, 'photos_')).toBeLessThanOrEqual(RECENT * 2)
    expect(entriesOf(plans, beside)).toBeLessThanOrEqual(RECENT * 2)
  })
})
