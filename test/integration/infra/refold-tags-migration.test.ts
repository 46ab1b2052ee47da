import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../../../src/infra/db/database.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

describe('the migration of hashtags to the new folding', () => {
  let db: Database
  let drop: () => Promise<void>

  beforeAll(async () => {
    ;({ db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261126-distribution-and-counters'))
    await db.primary({ text: `INSERT INTO users (username, password_hash) VALUES ('ann', '-')` })
  })
  afterAll(() => drop?.())

  /** A photo with the tags that older rules gave it. */
  async function addPhoto(status: string, caption: string, tags: [tag: string, display: string][]) {
    const photoId = uuidv7()
    await db.primary({
      text: `INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes, caption,
               upload_expires_at, published_at, score)
             SELECT $1, user_id, $2, 'public', 'k', 'image/jpeg', 1, $3, now(), now(), 1 FROM users`,
      values: [photoId, status, caption],
    })
    for (const [position, [tag, display]] of tags.entries()) {
      await db.primary({
        text: `INSERT INTO photo_tags (photo_id, tag, display, position) VALUES ($1, $2, $3, $4)`,
        values: [photoId, tag, display, position],
      })
    }
    return photoId
  }

  async function stateOf(photoId: string) {
    const tags = await db.primary<{ tag: string; display: string }>({
      text: 'SELECT tag, display FROM photo_tags WHERE photo_id = $1 ORDER BY position',
      values: [photoId],
    })
    const [photo] = await db.primary<{ version: number }>({
      text: 'SELECT version FROM photos WHERE photo_id = $1',
      values: [photoId],
    })
    const owed = await db.primary({
      text: `SELECT 1 FROM outbox WHERE kind = 'photoChanged' AND payload ->> 'photoId' = $1`,
      values: [photoId],
    })
    return {
      tags: tags.map(({ tag, display }) => [tag, display]),
      version: photo!.version,
      owed: owed.length,
    }
  }

  it('applies the new rules and has changed documents indexed again', async () => {
    const city = await addPhoto('ready', '#Łódź? #sea', [
      ['łodz', 'Łódź'],
      ['sea', 'sea'],
    ])
    const entity = await addPhoto('ready', 'it&#039;s', [['039', '039']])
    const joined = await addPhoto('ready', 'دارک\u200cتیبل', [])
    const same = await addPhoto('ready', '#sea at dawn', [['sea', 'sea']])
    const hidden = await addPhoto('deleted', '#ø', [['ø', 'ø']])

    await db.orm.migrator.up({ to: '20261126-refold-tags' })

    expect(await stateOf(city)).toEqual({
      tags: [
        ['lodz', 'Łódź'],
        ['sea', 'sea'],
      ],
      version: 2,
      owed: 1,
    })
    expect(await stateOf(entity)).toEqual({ tags: [], version: 2, owed: 1 })
    expect(await stateOf(joined)).toEqual({ tags: [], version: 2, owed: 1 })
    expect(await stateOf(same)).toEqual({ tags: [['sea', 'sea']], version: 1, owed: 0 })
    expect(await stateOf(hidden)).toEqual({ tags: [['o', 'ø']], version: 1, owed: 0 })
  })
})
