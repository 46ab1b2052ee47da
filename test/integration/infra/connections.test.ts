import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkConnections } from '../../../src/cli/check-connections.ts'
import { User } from '../../../src/entities/index.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

const POOL_SIZE = 3

describe('the connections of a process to the primary', () => {
  let db: Database
  beforeAll(async () => {
    db = await openDatabase({
      url: process.env.DATABASE_URL!,
      poolSize: POOL_SIZE,
      statementTimeoutMs: 10_000,
      applicationName: 'connections-test',
    })
  })
  afterAll(() => db?.close())

  const count = {
    text: `SELECT count(*)::int AS n, pg_sleep(0.05) FROM pg_stat_activity WHERE application_name = 'connections-test'`,
  }

  it('are at most its pool size, shared by statements and transactions', async () => {
    const counted = await Promise.all(
      Array.from({ length: 4 * POOL_SIZE }, async (_, n) => {
        if (n % 3 === 0) return db.primary<{ n: number }>(count)
        if (n % 3 === 1) return db.transaction(({ query }) => query<{ n: number }>(count))
        return db.transaction(async ({ em, query }) => {
          await em.findOne(User, { userId: '1' })
          return query<{ n: number }>(count)
        })
      }),
    )
    const most = Math.max(...counted.map(([row]) => row!.n))
    expect(most).toBe(POOL_SIZE)
  })

  it('prepare a named statement in a transaction, and keep it after errors', async () => {
    const ratio = (by: number) => ({ name: 'ratio', text: 'SELECT 6 / $1::int AS ratio', values: [by] })
    const results = await Promise.allSettled(
      [1, 2, 0, 3, 6, 0, 2, 3, 1].map((by) => db.transaction(({ query }) => query(ratio(by)))),
    )
    const ratios = results.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    expect(ratios.map((row) => row['ratio'])).toEqual([6, 3, 2, 1, 3, 2, 6])

    const isPrepared = { text: `SELECT statement FROM pg_prepared_statements WHERE name = 'ratio'` }
    const statements = await Promise.all(
      Array.from({ length: POOL_SIZE }, () => db.transaction(({ query }) => query(isPrepared))),
    )
    expect(statements).toEqual(Array(POOL_SIZE).fill([{ statement: ratio(1).text }]))
    expect(await Promise.all([3, 2, 1].map((by) => db.primary(ratio(by))))).toEqual(
      [2, 3, 6].map((quotient) => [{ ratio: quotient }]),
    )
  })
})

describe('setting up', () => {
  const check = async (poolSize: number) => {
    const lines: string[] = []
    await checkConnections(
      { DATABASE_URL: process.env.DATABASE_URL!, DATABASE_POOL_SIZE: poolSize },
      (line) => lines.push(line),
    )
    return lines
  }

  it('reports for how many processes Postgres has connections', async () => {
    expect(await check(10)).toEqual([
      expect.stringMatching(/accepts \d+ connections, 10 for each of up to \d+ processes/),
    ])
  })

  it('refuses a pool size that Postgres cannot serve', async () => {
    await expect(check(200)).rejects.toThrow(
      /5 processes with DATABASE_POOL_SIZE=200 may hold 1000 connections/,
    )
  })
})

describe('an API with one connection to the primary', () => {
  let world: ApiWorld
  let ann: Person
  let bob: Person
  beforeAll(async () => {
    world = await openApiWorld({ DATABASE_POOL_SIZE: '1' })
    ann = await world.signUp()
    bob = await world.signUp()
  })
  afterAll(() => world?.close())

  const call = async (person: Person, method: string, path: string, body?: unknown) => {
    const headers: Record<string, string> =
      method === 'PATCH' && path.includes('photos') ? await etagOf(path) : {}
    const answer = await world.call(method, path, { token: person.token, headers, ...(body ? { body } : {}) })
    return answer.status
  }
  const etagOf = async (path: string) => {
    const { headers } = await world.call('GET', path, { token: ann.token })
    return { 'If-Match': headers.get('ETag')! }
  }

  // A transaction that asked for a second connection would wait for itself.
  it('serves each write', async () => {
    const photo = await world.seedPhoto({ ownerId: ann.id })
    const upload = { contentType: 'image/jpeg', bytes: 1_000, sha256: 'a'.repeat(64) }
    expect(await call(ann, 'PATCH', '/v1/me', { bio: 'One is enough' })).toBe(200)
    expect(await call(bob, 'PUT', `/v1/users/${ann.username}/follow`)).toBeLessThan(300)
    expect(await call(ann, 'PATCH', `/v1/photos/${photo}`, { caption: 'One #connection' })).toBe(200)
    expect(await call(bob, 'GET', '/v1/feed')).toBe(200)
    expect(await call(bob, 'DELETE', `/v1/users/${ann.username}/follow`)).toBeLessThan(300)
    expect(await call(ann, 'DELETE', `/v1/photos/${photo}`)).toBeLessThan(300)
    expect(await call(ann, 'POST', '/v1/photos', upload)).toBeLessThan(300)
    const refreshed = await world.call('POST', '/v1/sessions/refresh', {
      body: { refreshToken: ann.refreshToken },
    })
    expect(refreshed.status).toBe(200)
  })

  it('serves many at once', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call(ann, 'PATCH', '/v1/me', { displayName: `Ann ${n}` })),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})
