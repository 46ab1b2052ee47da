import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration of blobs', () => {
  let db: Database
  let drop: () => Promise<void>
  const NAME = '20261127-blobs'
  const photoOf = (n: number) => `01a2036c-aeb9-7176-8322-8600c64a45c${n}`

  async function insertPhoto(n: number, content: string | null, status = 'ready') {
    await db.primary({
      text: `INSERT INTO photos (photo_id, owner_id, status, storage_key, content_type, bytes, upload_expires_at,
               published_at, score, sha256)
             SELECT $1::text::uuid, user_id, $3, 'originals/' || $1::text, 'image/jpeg', 7, now(), now(), 1, sha256($2::text::bytea) FROM users`,
      values: [photoOf(n), content, status],
    })
    if (content !== null)
      await db.primary({
        text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
               SELECT photo_id, 'original', 'jpeg', storage_key, 2, 1, 7 FROM photos WHERE photo_id = $1`,
        values: [photoOf(n)],
      })
  }

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261127-notifications'))
    await db.primary({ text: `INSERT INTO users (username, password_hash) VALUES ('ann', '-')` })
    await insertPhoto(1, 'same')
    await insertPhoto(2, 'same')
    await insertPhoto(3, 'other')
    await insertPhoto(4, 'same', 'deleted')
    await insertPhoto(5, null, 'awaiting_upload')
  })
  afterAll(() => drop?.())

  it('gives each stored original a blob, and can be undone', async () => {
    await db.orm.migrator.up({ to: NAME })
    expect(
      await db.primary({
        text: `SELECT photo_id, state, object_key FROM photos LEFT JOIN blobs USING (blob_id) ORDER BY photo_id`,
      }),
    ).toEqual([
      { photo_id: photoOf(1), state: 'live', object_key: `originals/${photoOf(1)}` },
      // Its bytes are stored twice until it goes; later uploads join the first.
      { photo_id: photoOf(2), state: 'separate', object_key: `originals/${photoOf(2)}` },
      { photo_id: photoOf(3), state: 'live', object_key: `originals/${photoOf(3)}` },
      { photo_id: photoOf(4), state: null, object_key: null },
      { photo_id: photoOf(5), state: null, object_key: null },
    ])
    await db.orm.migrator.down()
    await db.orm.migrator.up({ to: NAME })
  })
})
