import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration of share links', () => {
  let db: Database
  let drop: () => Promise<void>
  const NAME = '20261127-share-links'
  const ALBUM = '01a2036c-aeb9-7176-8322-8600c64a45ca'
  const LINK = '01a2036c-aeb9-7176-8322-8600c64a45cc'

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261127-share-taken-at'))
    await db.primary({
      text: `INSERT INTO users (username, password_hash) VALUES ('ann', '-'), ('bob', '-')`,
    })
    await db.primary({
      text: `INSERT INTO photos (photo_id, owner_id, storage_key, content_type, bytes, upload_expires_at)
             SELECT gen_random_uuid(), user_id, 'k', 'image/jpeg', 1, now() FROM users`,
    })
    await db.primary({
      text: `INSERT INTO albums (album_id, owner_id, title) SELECT $1, user_id, 'A' FROM users WHERE username = 'ann'`,
      values: [ALBUM],
    })
    await db.primary({
      text: `INSERT INTO album_photos (album_id, photo_id, added_by, position, score)
             SELECT $1, photo_id, owner_id, row_number() OVER (), 1 FROM photos`,
      values: [ALBUM],
    })
  })
  afterAll(() => drop?.())

  it("lets links show an owner's photos alone, and can be undone", async () => {
    await db.orm.migrator.up({ to: NAME })
    const shown = `SELECT username, shown_by_links FROM album_photos JOIN users ON user_id = added_by ORDER BY username`
    expect(await db.primary({ text: shown })).toEqual([
      { username: 'ann', shown_by_links: true },
      { username: 'bob', shown_by_links: false },
    ])
    await db.primary({
      text: `INSERT INTO share_links (link_id, album_id, created_by, token_hash, views)
             SELECT $1, album_id, owner_id, '\\x00', 1 FROM albums`,
      values: [LINK],
    })
    await db.primary({ text: `UPDATE photos SET status = 'offered'` })
    await db.primary({ text: 'DELETE FROM share_links' })
    expect(await db.primary({ text: 'SELECT subject FROM retractions' })).toEqual([
      { subject: `link/${LINK}` },
    ])

    await db.orm.migrator.down()
    expect(await db.primary({ text: 'SELECT DISTINCT status FROM photos' })).toEqual([{ status: 'deleted' }])
    for (const gone of ['retractions', 'share_link_grants'])
      expect(await db.primary({ text: `SELECT FROM ${gone}` })).toEqual([])
    await db.orm.migrator.up({ to: NAME })
  })
})
