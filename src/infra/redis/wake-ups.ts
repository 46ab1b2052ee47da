import { Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './client.ts'

/** Between attempts to connect again. */
const RETRY_MS = 500
/** A connection that nothing arrives on says nothing of whether the server is there. */
const PING_MS = 5_000
/** One SUBSCRIBE for many channels; they need not share a slot. */
const CHANNELS_AT_ONCE = 500

/**
 * Hints through pub/sub that something has happened. One connection of the process listens to every channel; any node of a
 * cluster gets what is published on another. A hint can be lost, so listeners also look by themselves now and then.
 */
export interface WakeUps {
  /**
   * Calls `wake` for each message on the channel, and whenever messages may have been missed: once the channel is
   * subscribed to, at first and again after the connection was lost.
   * @returns stops listening
   */
  listen(channel: string, wake: () => void): () => void
  close(): void
}

/** @param redis names the server; its own connections are not used */
export function openWakeUps(redis: RedisClient): WakeUps {
  const listeners = new Map<string, Set<() => void>>()
  let connection: Redis | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false

  function wakeAll(channels: readonly string[]): void {
    for (const channel of channels) for (const wake of listeners.get(channel) ?? []) wake()
  }

  /** Whatever goes wrong ends in a new connection, which subscribes to everything again. */
  async function subscribe(through: Redis, channels: readonly string[]): Promise<void> {
    try {
      for (let begin = 0; begin < channels.length; begin += CHANNELS_AT_ONCE) {
        const some = channels
          .slice(begin, begin + CHANNELS_AT_ONCE)
          .filter((channel) => listeners.has(channel))
        if (some.length > 0) await through.subscribe(...some)
        wakeAll(some)
      }
    } catch {
      through.disconnect()
    }
  }

  function connect(): void {
    const opened = anyNode(redis)?.duplicate({
      retryStrategy: null,
      autoResubscribe: false,
      lazyConnect: true,
    })
    if (!opened) return connectLater()
    connection = opened
    opened.on('error', () => undefined)
    opened.on('message', (channel: string) => wakeAll([channel]))
    opened.once('ready', () => void subscribe(opened, [...listeners.keys()]))
    opened.once('end', connectLater)
    opened.connect().catch(() => undefined)
  }

  function connectLater(): void {
    connection = undefined
    if (!closed) retry = setTimeout(connect, RETRY_MS).unref()
  }

  connect()
  const pinging = setInterval(() => {
    const asked = connection
    if (asked?.status === 'ready') asked.ping().catch(() => asked.disconnect())
  }, PING_MS).unref()
  return {
    listen(channel, wake) {
      const others = listeners.get(channel)
      if (others) others.add(wake)
      else {
        listeners.set(channel, new Set([wake]))
        if (connection?.status === 'ready') void subscribe(connection, [channel])
      }
      return () => {
        const left = listeners.get(channel)
        if (!left?.delete(wake) || left.size > 0) return
        listeners.delete(channel)
        if (connection?.status === 'ready') connection.unsubscribe(channel).catch(() => undefined)
      }
    },
    close() {
      closed = true
      clearInterval(pinging)
      clearTimeout(retry)
      connection?.disconnect()
    },
  }
}

function anyNode(redis: RedisClient): Redis | undefined {
  if (!(redis instanceof Cluster)) return redis
  const nodes = redis.nodes('all')
  return nodes[Math.floor(Math.random() * nodes.length)]
}
