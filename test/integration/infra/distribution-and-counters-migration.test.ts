import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration of distribution and counters', () => {
  let db: Database
  let drop: () => Promise<void>

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261122-owed-distribution'))
    await db.primary({
      text: `INSERT INTO users (username, password_hash) VALUES ('ann', '-'), ('bob', '-')`,
    })
    for (const [status, visibility] of [
      ['ready', 'public'],
      ['ready', 'public'],
      ['ready', 'followers'],
      ['ready', 'private'],
      ['processing', 'public'],
      ['deleted', 'public'],
    ]) {
      await db.primary({
        text: `INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes,
                 upload_expires_at, published_at, score)
               SELECT gen_random_uuid(), user_id, $1, $2, 'k', 'image/jpeg', 1, now(), now(), 1
               FROM users WHERE username = 'ann'`,
        values: [status, visibility],
      })
    }
    await db.primary({ text: `UPDATE photos SET distribution = 'all' WHERE visibility = 'followers'` })
    await db.primary({
      text: `INSERT INTO user_counters (user_id, slot, followers, photos) VALUES (1, 3, 7, 4), (2, 0, 1, 0)`,
    })
  })
  afterAll(() => drop?.())

  const BEFORE = `SELECT photo_id, distribution, distribution_since AS since FROM photos
    WHERE distribution IS DISTINCT FROM 'none' OR distribution_since IS NOT NULL ORDER BY photo_id`
  const AFTER = `SELECT photo_id, distribution, since FROM photo_distribution ORDER BY photo_id`

  it('carries over what is owed, counts by visibility, and can be undone', async () => {
    const owed = await db.primary({ text: BEFORE })
    expect(owed.map(({ distribution }) => distribution).sort()).toEqual(['all', null, null])

    await db.orm.migrator.up({ to: '20261126-distribution-and-counters' })
    expect(await db.primary({ text: AFTER })).toEqual(owed)
    expect(await db.primary({ text: 'SELECT * FROM user_photo_counts' })).toEqual([
      { user_id: '1', public_photos: '2', followers_photos: '1', private_photos: '1' },
    ])
    const followers = 'SELECT user_id, followers FROM user_counters ORDER BY user_id'
    expect(await db.primary({ text: followers })).toEqual([
      { user_id: '1', followers: '7' },
      { user_id: '2', followers: '1' },
    ])

    await db.orm.migrator.down()
    expect(await db.primary({ text: BEFORE })).toEqual(owed)
    const photos = 'SELECT user_id, sum(photos)::int AS photos FROM user_counters GROUP BY 1 ORDER BY 1'
    expect(await db.primary({ text: photos })).toEqual([
      { user_id: '1', photos: 4 },
      { user_id: '2', photos: 0 },
    ])
    await db.orm.migrator.up()
    expect(await db.primary({ text: AFTER })).toEqual(owed)
  })
})
