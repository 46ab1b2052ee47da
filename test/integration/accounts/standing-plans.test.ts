import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { createStandings } from '../../../src/services/accounts/standings.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { explaining, type Explained } from '../../support/explained.ts'

const ACCOUNTS = 500
/** Of all accounts together, over the seven days that they are kept; one account alone has a tenth of them. */
const ENDED = 100_000
const SEEDING_MS = 120_000

let db: Database
let busy: UserId
let others: UserId[]

beforeAll(async () => {
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: SEEDING_MS,
    applicationName: 'standing-plans',
  })
  busy = (await buildUser(db)).userId
  const made = await db.primary<{ user_id: UserId }>({
    text: `INSERT INTO users (username, password_hash) SELECT 'stander' || n, 'none' FROM generate_series(1, $1) n
      RETURNING user_id`,
    values: [ACCOUNTS],
  })
  others = made.map(({ user_id }) => user_id)
  // By SQL: no service ends sessions in the past.
  const end = (userIds: UserId[], count: number) =>
    db.primary({
      text: `INSERT INTO sessions (session_id, user_id, expires_at, revoked_at)
        SELECT gen_random_uuid(), ($1::bigint[])[1 + n % cardinality($1::bigint[])], now() + interval '30 days',
          now() - interval '1 hour' - n * interval '6 days' / $2 FROM generate_series(1, $2::bigint) n`,
      values: [userIds, count],
    })
  await end([busy], ENDED / 10)
  await end(others, (ENDED * 9) / 10)
  for (const table of ['sessions', 'users']) await db.primary({ text: `VACUUM (ANALYZE) ${table}` })
}, SEEDING_MS)
afterAll(() => db?.close())

/** How the standings of these accounts, which ask at the same time, are read. */
async function plansFor(userIds: readonly UserId[]): Promise<Explained[]> {
  return db.transaction(async (tx) => {
    const { query, plans } = explaining(tx.query)
    const standings = createStandings({ query, primary: query })
    await Promise.all(userIds.map((userId) => standings.of(userId)))
    return plans
  })
}

describe('with many sessions that ended, a standing', () => {
  it('probes two indexes, and reads no session that ended long ago', async () => {
    const [plan, ...more] = await plansFor([busy])
    expect(more).toEqual([])
    expect(plan!.scanned).toEqual([])
    expect(plan!.indexes).toEqual({ users_pkey: 1, sessions_ended_idx: 0 })
    expect(plan!.pages).toBeLessThan(10)
  })

  it('reads those that have just ended, and no others', async () => {
    await db.primary({
      text: `UPDATE sessions SET revoked_at = now() WHERE session_id IN (
        SELECT session_id FROM sessions WHERE user_id = $1 ORDER BY session_id LIMIT 3)`,
      values: [busy],
    })
    const [plan] = await plansFor([busy])
    expect(plan!.scanned).toEqual([])
    expect(plan!.indexes['sessions_ended_idx']).toBe(3)
    expect(plan!.pages).toBeLessThan(20)
  })

  it('is read with those of others in a few pages for each', async () => {
    const asking = others.slice(0, 100)
    const plans = await plansFor(asking)
    expect(plans.flatMap(({ scanned }) => scanned)).not.toContain('sessions')
    const pages = plans.reduce((sum, plan) => sum + plan.pages, 0)
    expect(pages).toBeLessThan(asking.length * 10)
  })
})
