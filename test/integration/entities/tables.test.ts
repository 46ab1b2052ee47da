import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase, ormOptions, type Database } from '../../../src/infra/db/database.ts'
import { tablesOfCatalog, tablesOfEntities } from './described-tables.ts'

let db: Database
beforeAll(async () => {
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: 15_000,
    applicationName: 'entities-test',
  })
})
afterAll(() => db.close())

describe('entities and tables', () => {
  it('describe the same tables, columns, keys and checks', async () => {
    expect(await tablesOfEntities(db.orm, db.primary)).toEqual(await tablesOfCatalog(db.primary))
  })

  it.each([
    ['a table', 'CREATE TABLE forgotten (id bigint PRIMARY KEY)'],
    ['a column', 'ALTER TABLE photos ADD COLUMN forgotten text'],
    ['a column less', 'ALTER TABLE users DROP COLUMN bio'],
    ['a type', 'ALTER TABLE feed_state ALTER COLUMN collected_epoch TYPE integer'],
    ['a length', 'ALTER TABLE photos ALTER COLUMN alt_text TYPE varchar(1001)'],
    ['a precision', 'ALTER TABLE sessions ALTER COLUMN last_used_at TYPE timestamptz'],
    ['a column that may be null', 'ALTER TABLE photo_tags ALTER COLUMN display DROP NOT NULL'],
    ['a column without its default', 'ALTER TABLE outbox ALTER COLUMN attempts DROP DEFAULT'],
    ['another default', 'ALTER TABLE photos ALTER COLUMN visibility SET DEFAULT $$private$$'],
    ['a column that is no identity', 'ALTER TABLE users ALTER COLUMN user_id DROP IDENTITY'],
    ['a column that is not generated', 'ALTER TABLE follows ALTER COLUMN follower_bucket DROP EXPRESSION'],
    ['an enum without its check', 'ALTER TABLE users DROP CONSTRAINT users_role_check'],
    [
      'an enum with another value',
      `ALTER TABLE users DROP CONSTRAINT users_role_check,
         ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'moderator', 'admin', 'owner'))`,
    ],
    ['a check', 'ALTER TABLE photos ADD CONSTRAINT forgotten CHECK (width > 0)'],
    ['no primary key', 'ALTER TABLE replicas DROP CONSTRAINT replicas_pkey'],
  ])('differ once a migration alone brings %s', async (_what, migration) => {
    const undone = new Error('undone')
    await expect(
      db.transaction(async ({ query }) => {
        await query({ text: migration })
        expect(await tablesOfEntities(db.orm, query)).not.toEqual(await tablesOfCatalog(query))
        throw undone
      }),
    ).rejects.toBe(undone)
  })

  const Session = defineEntity({
    name: 'Session',
    tableName: 'sessions',
    properties: { sessionId: p.uuid().primary(), forgotten: p.text().nullable() },
  })
  const Forgotten = defineEntity({
    name: 'Forgotten',
    tableName: 'forgotten',
    properties: { id: p.uuid().primary() },
  })

  it.each([
    ['a table', Forgotten],
    ['other columns', Session],
  ])('differ once the entities alone have %s', async (_what, entity) => {
    const options = ormOptions({ url: process.env.DATABASE_URL! })
    const others = (options.entities as { meta: { className: string } }[]).filter(
      ({ meta }) => meta.className !== entity.meta.className,
    )
    const orm = await MikroORM.init({ ...options, entities: [...others, entity] } as typeof options)
    expect(await tablesOfEntities(orm, db.primary)).not.toEqual(await tablesOfCatalog(db.primary))
    await orm.close()
  })
})
