import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FANOUT_START } from '../../../src/contracts/photo-fanout.ts'
import { openDatabase, type Database, type DatabaseOptions } from '../../../src/infra/db/database.ts'
import { createFanout } from '../../../src/services/distribution/push.ts'
import { idsOf, openWorld, viewerOfMany, type World } from '../../support/worlds/feed-world.ts'
import { proxyTo, type TcpProxy } from '../../support/servers/tcp-proxy.ts'
import { feedPageFor } from '../../support/list-read.ts'

let world: World
let proxy: TcpProxy
let db: Database
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
afterEach(async () => {
  proxy.close()
  await db.close()
})

const STATEMENT_TIMEOUT_MS = 1_000

const open = (options: Partial<DatabaseOptions>) =>
  openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 1,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'silent-postgres-test',
    ...options,
  })

/** Resolves with how long `work` took, in ms. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

describe('a primary that falls silent', () => {
  beforeEach(async () => {
    proxy = await proxyTo(process.env.DATABASE_URL!)
    db = await open({ url: proxy.url })
  })

  const SELECT = { text: 'SELECT 1 AS one' }

  it('fails a statement soon after its timeout and drops the connection', async () => {
    await db.primary(SELECT)
    proxy.silence()
    expect(
      await took(() => expect(db.primary(SELECT)).rejects.toMatchObject({ code: 'ETIMEDOUT' })),
    ).toBeLessThan(STATEMENT_TIMEOUT_MS + 4_000)
    proxy.recover()
    expect(await db.primary(SELECT)).toEqual([{ one: 1 }])
  })

  it('fails a transaction in the same way, once', async () => {
    await db.transaction((tx) => tx.query(SELECT))
    const transaction = () =>
      db.transaction(async (tx) => {
        await tx.query(SELECT)
        proxy.silence()
        await tx.query(SELECT)
      })
    expect(await took(() => expect(transaction()).rejects.toThrow())).toBeLessThan(
      STATEMENT_TIMEOUT_MS + 4_000,
    )
    proxy.recover()
    expect(await db.transaction((tx) => tx.query(SELECT))).toEqual([{ one: 1 }])
  })

  it('does not fail a transaction that pauses between statements', async () => {
    await db.transaction(async (tx) => {
      await tx.query(SELECT)
      await delay(STATEMENT_TIMEOUT_MS + 2_500)
      await tx.query(SELECT)
    })
  })
})

describe('a replica that falls silent', () => {
  beforeEach(async () => {
    proxy = await proxyTo(process.env.DATABASE_REPLICA_URL!)
    // The statement timeout of production: reads must not wait for that.
    db = await open({ replicaUrl: proxy.url, poolSize: 4, statementTimeoutMs: 15_000 })
    await inRotation(true)
  })

  async function inRotation(expected: boolean): Promise<void> {
    await expect.poll(() => db.rotation.inRotation(), { timeout: 30_000 }).toBe(expected)
  }

  it('leaves the rotation, and its reads move to the primary', async () => {
    const { viewer, newestFirst } = await viewerOfMany(world, 3)
    await world.settle()
    const feed = world.feedWith(world.heads, { db })
    const walk = async () => idsOf(await feed.readFeed(feedPageFor(world.db, viewer, { limit: 100 })))
    expect(await walk()).toEqual(newestFirst)
    await feed.idle()
    proxy.silence()
    const replayed = db.rotation.waitForReplay('0/0', 200)
    expect(db.rotation.inRotation()).toBe(true)
    const elapsed = await took(async () => expect(await walk()).toEqual(newestFirst))
    expect(elapsed).toBeLessThan(4_000)
    expect(await replayed).toBe(false)
    await inRotation(false)
    expect(await took(walk)).toBeLessThan(1_000)
    expect(await took(() => feed.idle())).toBeLessThan(1_000)
    proxy.recover()
    await inRotation(true)
  })

  it('does not hold up a wait for its replay', async () => {
    proxy.silence()
    expect(
      await took(async () => expect(await db.rotation.waitForReplay('0/0', 200)).toBe(false)),
    ).toBeLessThan(1_000)
  })
})

describe('a worker that vanishes', () => {
  it('does not block the deletion of its photo during a batch', async () => {
    proxy = await proxyTo(process.env.DATABASE_URL!)
    db = await open({ url: proxy.url, statementTimeoutMs: 15_000 })
    const pushing = Promise.withResolvers<void>()
    const release = Promise.withResolvers<number>()
    const fanout = createFanout({
      db,
      heads: {
        ...world.heads,
        push: () => {
          proxy.silence()
          pushing.resolve()
          return release.promise
        },
      },
    })
    const photo = await world.photo(await world.account())
    const plan = await fanout.planFanout(photo.photoId)
    if (plan.desired === 'none') throw new Error('nothing is owed')
    const limits = { maxFollowers: 10, maxMs: 2_000 }
    const slice = fanout.pushSlice({ photoId: photo.photoId, plan, after: FANOUT_START }, limits)
    await pushing.promise
    // The 15 s of a statement timeout are what an API process has.
    expect(await took(() => world.remove(photo.photoId))).toBeLessThan(15_000)
    proxy.close()
    release.resolve(0)
    await expect(slice).rejects.toThrow()
  })

  it('is detected within half a minute by timeouts on both sides', async () => {
    proxy = await proxyTo(process.env.DATABASE_URL!)
    db = await open({})
    const settings = (query: Database['primary']) =>
      query({
        text: `SELECT name, setting::integer FROM pg_settings
          WHERE name ~ '^tcp_(keep|user)' OR name = 'idle_in_transaction_session_timeout' ORDER BY name`,
      })
    const expected = [
      { name: 'idle_in_transaction_session_timeout', setting: 10_000 },
      { name: 'tcp_keepalives_count', setting: 3 },
      { name: 'tcp_keepalives_idle', setting: 10 },
      { name: 'tcp_keepalives_interval', setting: 5 },
      { name: 'tcp_user_timeout', setting: 25_000 },
    ]
    expect(await settings(db.primary)).toEqual(expected)
    expect(await db.transaction((tx) => settings(tx.query))).toEqual(expected)
  })
})
