import { DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { User } from '../../../src/entities/index.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { createLogger } from '../../../src/observability/logger.ts'

const SECRET = 'secret_of_the_row'

let db: Database
beforeAll(async () => {
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: 5_000,
    applicationName: 'logged-errors-tests',
  })
  await db.primary({
    text: `INSERT INTO users (username, password_hash) VALUES ($1, '-') ON CONFLICT DO NOTHING`,
    values: [SECRET],
  })
})
afterAll(async () => {
  await db.primary({ text: 'DELETE FROM users WHERE username = $1', values: [SECRET] })
  await db.close()
})

/** The lines that a process's logger writes when `log` is called with it. */
function logged(log: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  log(createLogger({ level: 'info', service: 'test' }, { write: (line) => lines.push(line) }))
  return lines.join('')
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('nothing was thrown'),
    (error: unknown) => error,
  )
}

const insertAgain = () =>
  db.primary({ text: `INSERT INTO users (username, password_hash) VALUES ($1, '-')`, values: [SECRET] })

describe('the log of an error', () => {
  it('names the violated constraint and holds nothing of the row', async () => {
    const error = await thrownBy(insertAgain())
    expect(error).toBeInstanceOf(DatabaseError)
    expect((error as DatabaseError).detail).toContain(SECRET)
    const line = logged((logger) => logger.child({ requestId: 'r' }).error({ err: error }, 'not stored'))
    expect(line).not.toContain(SECRET)
    expect(JSON.parse(line)).toMatchObject({
      msg: 'not stored',
      requestId: 'r',
      err: {
        code: '23505',
        constraint: expect.stringContaining('username'),
        stack: expect.stringContaining('at '),
      },
    })
  })

  it('holds nothing of the row when the entity manager wrote it', async () => {
    const error = await thrownBy(
      db.transaction(async ({ em }) => {
        em.create(User, { username: SECRET, passwordHash: '-' } as never)
        await em.flush()
      }),
    )
    const line = logged((logger) => logger.warn({ err: error }, 'not stored'))
    expect(line).not.toContain(SECRET)
    expect(JSON.parse(line).err.code).toBe('23505')
  })

  it('holds nothing of a row that a nested cause or a part quotes', async () => {
    const error = await thrownBy(insertAgain())
    const nested = new Error('outer', { cause: new Error('inner', { cause: error }) })
    const parts = new AggregateError([new Error('one'), error], 'some failed')
    const line = logged((logger) => {
      logger.error({ err: new Error('all', { cause: parts }) }, 'x')
      logger.error(nested)
    })
    expect(line).not.toContain(SECRET)
    expect(line.match(/23505/g)).toHaveLength(2)
  })

  it('leaves out the value that Postgres quotes in its message', async () => {
    const error = await thrownBy(db.primary({ text: 'SELECT $1::text::uuid', values: [SECRET] }))
    expect((error as Error).message).toContain(SECRET)
    const line = logged((logger) => logger.error({ err: error }, 'x'))
    expect(line).not.toContain(SECRET)
    expect(line).toContain('invalid input syntax for type uuid')
  })

  it('holds no query that a client sent', async () => {
    const search = openSearchClient(process.env.OPENSEARCH_URL!)
    const query = { match: { caption: SECRET } }
    const error = await thrownBy(search.search({ index: 'no-such-index', body: { query } }))
    await search.close()
    const line = logged((logger) => logger.error({ err: error }, 'x'))
    expect(line).not.toContain(SECRET)
    expect(line).toContain('index_not_found_exception')
  })
})
