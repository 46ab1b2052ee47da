import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import type { RedisClient } from '../../src/infra/redis/client.ts'

/** What else lies in Redis while it evicts: how many keys, and of which size, so that heads go with some of them. */
export const BALLAST_KEYS = 16
const BALLAST_BYTES = 64 * 1024
/** Far longer than an eviction takes, and gone soon after a test that died. */
const BALLAST_TTL_SECONDS = 60
const EVICTION_POLL_MS = 1
const EVICTION_POLLS = 200

/** What servers of Redis do by themselves, or an operator to them. */
export interface RedisTrouble {
  /**
   * Lowers the server's memory limit for a moment, so that it evicts about so many of {@link BALLAST_KEYS} and of the other
   * keys, at random.
   */
  evict(count: number): Promise<void>
  flushAll(): Promise<void>
  /** How many keys were evicted. */
  evicted(): number
  /** Everything is configured as it was. */
  restore(): Promise<void>
}

export async function openRedisTrouble(client: RedisClient): Promise<RedisTrouble> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const before = await Promise.all(servers.map(readLimits))
  let evicted = 0

  async function restore(): Promise<void> {
    await Promise.all(servers.map((server, index) => server.config('SET', ...before[index]!)))
  }

  async function evictFrom(server: Redis, count: number): Promise<void> {
    const evictedBefore = await readInfo(server, 'stats', 'evicted_keys')
    const limit = (await readInfo(server, 'memory', 'used_memory')) - count * BALLAST_BYTES
    await server.config('SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', String(limit))
    for (let polls = 0; polls < EVICTION_POLLS; polls++) {
      if ((await readInfo(server, 'memory', 'used_memory')) <= limit) break
      await delay(EVICTION_POLL_MS)
    }
    evicted += (await readInfo(server, 'stats', 'evicted_keys')) - evictedBefore
  }

  /** One at a time: the limit of one would refuse the ballast of another. */
  let turn: Promise<unknown> = Promise.resolve()

  return {
    evict: (count) => {
      const mine = turn.then(() => evictOnce(count))
      turn = mine.catch(() => {})
      return mine
    },
    async flushAll() {
      await Promise.all(servers.map((server) => server.flushall()))
    },
    evicted: () => evicted,
    restore,
  }

  async function evictOnce(count: number): Promise<void> {
    const ballast = Array.from({ length: BALLAST_KEYS }, () => `ballast:${randomUUID()}`)
    const bytes = Buffer.alloc(BALLAST_BYTES)
    try {
      await Promise.all(ballast.map((key) => client.set(key, bytes, 'EX', BALLAST_TTL_SECONDS)))
      await Promise.all(servers.map((server) => evictFrom(server, count)))
    } finally {
      await restore()
      await Promise.all(ballast.map((key) => client.del(key)))
    }
  }
}

/** As `CONFIG SET` takes them. */
async function readLimits(server: Redis): Promise<string[]> {
  const limits = await Promise.all(
    ['maxmemory', 'maxmemory-policy'].map((name) => server.config('GET', name)),
  )
  return limits.flat()
}

async function readInfo(server: Redis, section: string, field: string): Promise<number> {
  const info = await server.info(section)
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)![1])
}
