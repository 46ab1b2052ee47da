import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import getPort from 'get-port'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { createRedisBreaker, type RedisBreaker } from '../../../src/infra/redis/breaker.ts'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import { createFeedHeads, headKey, type FeedHeads } from '../../../src/infra/redis/feed-heads.ts'
import { createOwnWrites, type OwnWrites } from '../../../src/services/lists/own-writes.ts'
import { createRateLimits } from '../../../src/services/requests/rate-limits.ts'
import { openApiWorld } from '../../support/worlds/api-world.ts'
import { someNetwork } from '../../support/networks.ts'
import { startValkey, valkeyServerPath, type PrivateValkey } from '../../support/servers/private-valkey.ts'
import { startStallingProxy, type StallingProxy } from '../../support/servers/stalling-proxy.ts'

/** Above all ids that a test database gives out. */
const someUser = (): UserId => String(randomInt(2 ** 40, 2 ** 47))
/** So long that no busy machine takes it for a silent server. */
const PATIENCE_MS = 2_000
/** Longer than what a test does meanwhile. */
const PAUSE_MS = 20_000
const LONG = { patienceMs: PATIENCE_MS, pauseMs: PAUSE_MS }

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

describe('while Redis is silent', () => {
  let proxy: StallingProxy
  let redis: RedisClient
  let breaker: RedisBreaker
  beforeEach(async () => {
    proxy = await startStallingProxy(new URL(process.env.REDIS_URL!.replace('redis+cluster', 'redis')))
    redis = openRedis(`redis://127.0.0.1:${proxy.port}`)
    breaker = createRedisBreaker(redis, LONG)
    await redis.ping()
  })
  afterEach(() => {
    redis.disconnect()
    proxy.close()
  })
  const hasWritten = async (ownWrites: OwnWrites, userId: string) =>
    (await ownWrites.readerFor({ kind: 'user', userId })).readYourWrites
  const ownWritesOn = () => createOwnWrites({ db: {} as Database, redis, breaker })
  const rateLimitsOn = () =>
    createRateLimits(redis, breaker, { enabled: true, factor: 0.2, keyPrefix: `${randomUUID()}:` })

  it('heads, own writes and rate limits share a single wait', async () => {
    const [heads, ownWrites, rateLimits] = [
      createFeedHeads(redis, { breaker }),
      ownWritesOn(),
      rateLimitsOn(),
    ]
    const userId = someUser()
    expect(await hasWritten(ownWrites, userId)).toBe(false)
    proxy.stall()
    const waited = await timed(async () => {
      expect(await rateLimits.consume('signIn', 'key')).toMatchObject({ allowed: true })
      expect(await hasWritten(ownWrites, userId)).toBe(true)
      await expect(heads.readSlice(userId, undefined, 1)).rejects.toThrow()
      await ownWrites.mark(userId)
      await rateLimits.giveBack('signIn', 'key')
    })
    expect(waited).toBeLessThan(2 * PATIENCE_MS)
    await expect(heads.readSlice(userId, undefined, 1)).rejects.toThrow('a moment ago')
  })

  it('each process counts and forgets on its own', async () => {
    const rateLimits = rateLimitsOn()
    proxy.stall()
    const allowed = async () => (await rateLimits.consume('signInTarget', 'key'))!.allowed
    // 10 × 0.2 attempts.
    expect([await allowed(), await allowed(), await allowed()]).toEqual([true, true, false])
    await rateLimits.giveBack('signInTarget', 'key')
    await rateLimits.giveBack('signInTarget', 'key')
    expect(await allowed()).toBe(true)
  })

  it('a write is recorded as soon as Redis answers', async () => {
    const userId = someUser()
    const ownWrites = ownWritesOn()
    proxy.stall()
    await ownWrites.mark(someUser())
    await ownWrites.mark(userId)
    proxy.heal()
    await expect.poll(() => hasWritten(ownWrites, userId).then(() => redis.exists(`wrote:${userId}`))).toBe(1)
  })

  it('one request of many checks whether Redis answers again', async () => {
    proxy.stall()
    const asksOfTen = async (guard: RedisBreaker) => {
      let asks = 0
      const ask = () => {
        asks++
        return redis.exists('key')
      }
      await Promise.allSettled(Array.from({ length: 10 }, () => guard.whileAnswering('key', ask)))
      return asks
    }
    const patient = createRedisBreaker(redis, { ...LONG, patienceMs: 100 })
    expect([await asksOfTen(patient), await asksOfTen(patient)]).toEqual([10, 0])
    const brief = createRedisBreaker(redis, { patienceMs: 100, pauseMs: 100 })
    expect(await asksOfTen(brief)).toBe(10)
    await delay(150)
    expect(await asksOfTen(brief)).toBe(1)
    proxy.heal()
    await expect.poll(() => asksOfTen(brief), { timeout: 5_000 }).toBe(10)
  })

  it('an error of one command counts as an answer', async () => {
    const heads = createFeedHeads(redis, { breaker })
    const [broken, sound] = [someUser(), someUser()]
    await redis.set(headKey(broken), 'not a sorted set', 'PX', 10_000)
    await expect(heads.readSlice(broken, undefined, 1)).rejects.toThrow('WRONGTYPE')
    expect(await heads.readSlice(sound, undefined, 1)).toBeUndefined()
  })

  it('a feed is served without waiting for Redis', async () => {
    const world = await openApiWorld({
      RATE_LIMITS: 'true',
      TRUSTED_PROXY_HOPS: '1',
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    })
    const headers = { 'X-Forwarded-For': someNetwork() }
    try {
      const body = { username: `r${randomUUID().slice(0, 12)}`, password: 'long enough' }
      const { accessToken: token } = (await world.call('POST', '/v1/users', { body, headers })).body
      expect((await world.call('GET', '/v1/feed', { token, headers })).status).toBe(200)
      proxy.stall()
      const waited = await timed(async () => {
        for (let n = 0; n < 4; n++) {
          expect((await world.call('GET', '/v1/feed', { token, headers })).status).toBe(200)
        }
      })
      // Without the breaker, each took more than a second.
      expect(waited).toBeLessThan(2_000)
    } finally {
      proxy.heal()
      await world.close()
    }
  })
})

describe.skipIf(!valkeyServerPath)('while one node of a cluster is silent', () => {
  const nodes: PrivateValkey[] = []
  let redis: RedisClient
  afterEach(async () => {
    redis.disconnect()
    await Promise.all(nodes.splice(0).map((node) => node.close()))
  })

  it('heads on the other nodes are read', async () => {
    for (let n = 0; n < 2; n++) {
      const busPort = await getPort()
      nodes.push(
        await startValkey([
          ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
          ...['--cluster-port', String(busPort), '--cluster-require-full-coverage', 'no'],
        ]),
      )
      await nodes[n]!.admin.cluster('ADDSLOTSRANGE', n * 8_192, n * 8_192 + 8_191)
      if (n > 0) {
        await nodes[0]!.admin.call('CLUSTER', 'MEET', '127.0.0.1', String(nodes[n]!.port), String(busPort))
      }
    }
    for (const { admin } of nodes) {
      await expect
        .poll(async () => ((await admin.call('CLUSTER', 'SLOTS')) as unknown[]).length, { timeout: 20_000 })
        .toBe(2)
      await expect.poll(() => admin.cluster('INFO'), { timeout: 20_000 }).toContain('cluster_state:ok')
    }
    redis = openRedis(`redis+cluster://127.0.0.1:${nodes[0]!.port}`)
    const heads: FeedHeads = createFeedHeads(redis, { breaker: createRedisBreaker(redis, LONG) })
    const userOn = async (node: number): Promise<UserId> => {
      for (;;) {
        const userId = someUser()
        if (Math.floor((await nodes[0]!.admin.cluster('KEYSLOT', headKey(userId))) / 8_192) === node)
          return userId
      }
    }
    const [onSilent, onOther] = [await userOn(1), await userOn(0)]
    for (const userId of [onSilent, onOther]) {
      await heads.beginBuild(userId, 0)
      expect(await heads.readSlice(userId, undefined, 1)).toBeUndefined()
    }
    await nodes[1]!.admin.call('CLIENT', 'PAUSE', '60000', 'ALL')
    await expect(heads.readSlice(onSilent, undefined, 1)).rejects.toThrow(/timed out|in time/)
    expect(await heads.readSlice(onOther, undefined, 1)).toBeUndefined()
    await expect(heads.readSlice(onSilent, undefined, 1)).rejects.toThrow('a moment ago')
  })
})
