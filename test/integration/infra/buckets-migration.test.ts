import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { feedBucket } from '../../../src/domain/buckets.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration to 16,384 buckets', () => {
  let db: Database
  let drop: () => Promise<void>

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261126-distribution-and-counters'))
    await db.primary({
      text: `INSERT INTO users (username, password_hash) SELECT 'u' || n, '-' FROM generate_series(1, 500) n`,
    })
    await db.primary({
      text: `INSERT INTO follows (follower_id, followee_id) SELECT n, 1 FROM generate_series(2, 500) n`,
    })
    await db.primary({ text: `INSERT INTO feed_state (user_id, epoch, enrolled) VALUES (2, 4, true)` })
  })
  afterAll(() => drop?.())

  const buckets = () =>
    db.primary<{ id: string; bucket: number }>({
      text: `SELECT follower_id AS id, follower_bucket AS bucket FROM follows WHERE followee_id = 1
             ORDER BY follower_bucket, follower_id`,
    })

  it('gives stored followers new buckets and voids every stored feed', async () => {
    const before = await buckets()
    expect(Math.max(...before.map(({ bucket }) => bucket))).toBeLessThan(1_024)

    await db.orm.migrator.up({ to: '20261126-buckets' })
    const after = await buckets()
    expect(after.map(({ bucket }) => bucket)).toEqual(after.map(({ id }) => feedBucket(id)))
    expect(Math.max(...after.map(({ bucket }) => bucket))).toBeGreaterThan(1_024)
    expect(after.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort())
    expect(await db.primary({ text: 'SELECT epoch FROM feed_state' })).toEqual([{ epoch: '5' }])
    const indexed = await db.primary({
      text: `SELECT FROM pg_indexes WHERE indexname = 'follows_fanout_idx' AND indexdef LIKE '%follower_bucket%'`,
    })
    expect(indexed).toHaveLength(1)

    await db.orm.migrator.down()
    expect(await buckets()).toEqual(before)
  })
})
