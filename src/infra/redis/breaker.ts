import { Cluster, Command, ReplyError } from 'ioredis'
import { withDeadline } from '../deadline.ts'
import type { RedisClient } from './client.ts'

/** A request waits this long for Redis, then does without. */
const PATIENCE_MS = 250
/** A server that did not answer is left alone for this long; then one request tries again. */
const PAUSE_MS = 1_000

/** Guards calls to Redis, so that a silent server delays one request a second, not every one. */
export interface RedisBreaker {
  /**
   * Resolves with the answer to `ask`.
   * @param key a key of the server that `ask` turns to
   * @throws Error if the server does not answer in time; at once, without asking, if it recently did not
   */
  whileAnswering<T>(key: string, ask: () => Promise<T>): Promise<T>
}

export interface RedisBreakerOptions {
  /** How long a call waits for an answer, in ms. 250 by default. */
  patienceMs?: number
  /** How long a server that did not answer is left alone, in ms. 1,000 by default. */
  pauseMs?: number
}

/** One breaker for all requests of a process through a client; each server of a cluster is judged by itself. */
export function createRedisBreaker(
  redis: RedisClient,
  { patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS }: RedisBreakerOptions = {},
): RedisBreaker {
  /** By server, for those that did not answer last time; in ms of performance.now(). */
  const pausedUntil = new Map<string, number>()

  return {
    async whileAnswering(key, ask) {
      const server = serverOf(redis, key)
      const paused = pausedUntil.get(server)
      if (paused !== undefined) {
        if (performance.now() < paused) throw new Error('Redis did not answer a moment ago')
        // This call tries; others continue without Redis.
        pausedUntil.set(server, performance.now() + pauseMs)
      }
      try {
        const answer = await withDeadline(patienceMs, ask(), tooLate)
        pausedUntil.delete(server)
        return answer
      } catch (error) {
        // An error of the command itself is an answer too.
        if (error instanceof ReplyError) pausedUntil.delete(server)
        else pausedUntil.set(server, performance.now() + pauseMs)
        throw error
      }
    },
  }
}

/** The master of the key's slot, as far as the client knows. */
function serverOf(redis: RedisClient, key: string): string {
  if (!(redis instanceof Cluster)) return 'the only one'
  return redis.slots[new Command('exists', [key]).getSlot()]?.[0] ?? 'unknown'
}

function tooLate(): never {
  throw new Error('Redis did not answer in time')
}
