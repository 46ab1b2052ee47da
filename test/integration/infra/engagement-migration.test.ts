import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration of likes and comments', () => {
  let db: Database
  let drop: () => Promise<void>
  const NAME = '20261127-engagement'
  const PHOTO = '01a2036c-aeb9-7176-8322-8600c64a45cb'

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261126-buckets'))
    await db.primary({
      text: `INSERT INTO users (username, password_hash) VALUES ('ann', '-'), ('bob', '-')`,
    })
    await db.primary({
      text: `INSERT INTO photos (photo_id, owner_id, status, storage_key, content_type, bytes, upload_expires_at,
               published_at, score)
             SELECT $1, user_id, 'ready', 'k', 'image/jpeg', 1, now(), now(), 1 FROM users WHERE username = 'ann'`,
      values: [PHOTO],
    })
  })
  afterAll(() => drop?.())

  it('lets everyone comment on what there is, and can be undone', async () => {
    await db.orm.migrator.up({ to: NAME })
    const policies = 'SELECT comment_policy, default_comment_policy FROM photos, users'
    expect(await db.primary({ text: policies })).toEqual(
      Array(2).fill({ comment_policy: null, default_comment_policy: 'everyone' }),
    )
    const like = `INSERT INTO likes (photo_id, user_id) SELECT $1, user_id FROM users`
    await db.primary({ text: like, values: [PHOTO] })
    await db.primary({
      text: 'INSERT INTO photo_counters (photo_id, slot, likes) VALUES ($1, 0, 2)',
      values: [PHOTO],
    })
    await db.primary({ text: `UPDATE photos SET visibility = 'private'` })

    await db.orm.migrator.down()
    expect(await db.primary({ text: 'SELECT likes FROM photo_counters' })).toEqual([])
    await db.primary({ text: `UPDATE photos SET visibility = 'public'` })
    await db.orm.migrator.up({ to: NAME })
    expect(await db.primary({ text: 'SELECT * FROM likes' })).toEqual([])
  })
})
