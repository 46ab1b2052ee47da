import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import type { UserId } from '../../src/domain/ids.ts'
import { createEventLogs, eventLogKey } from '../../src/infra/redis/event-logs.ts'
import { openClients, type Clients } from '../../src/services/clients.ts'
import { createEventIds } from '../../src/services/events/event-ids.ts'
import { createEventPublisher } from '../../src/services/events/publish.ts'
import {
  createEventStreams,
  STREAM_LIMITS,
  type EventStreams,
  type StreamItem,
} from '../../src/services/events/streams.ts'

/** Quick by default; PROPERTY_RUNS=1000 is the thorough size, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 3)
const SEED = process.env.PROPERTY_SEED
const LISTENERS = 3
/** More than a log keeps. */
const BURST = 350

const who = fc.nat(LISTENERS - 1)
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      who,
      process: fc.nat(1),
      resume: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), who }) },
  { weight: 1, arbitrary: fc.constant({ do: 'burst' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'forget' as const }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** A client, and what it may expect next. */
interface Listener {
  lastEventId?: string
  /** The number of the last event that it received. */
  seen: number
  /** The next event has this number; without it, any that is new and not beyond `atMost`. */
  next?: number | undefined
  atMost: number
  connection?: { closing: AbortController; done: Promise<void> } | undefined
}

describe('live events', () => {
  const processes: Clients[] = []
  let streams: EventStreams[]
  let nextUserId = 1
  beforeAll(async () => {
    const logger = pino({ level: 'silent' })
    for (const name of ['first', 'second']) {
      processes.push(await openClients(loadConfig(), logger, { applicationName: name, readsReplica: false }))
    }
    streams = processes.map(({ config, redis, breaker, wakeUps }) =>
      createEventStreams({
        logs: createEventLogs(redis),
        breaker,
        wakeUps,
        ids: createEventIds(config.CURSOR_SECRET),
        sessions: { good: async (sessionIds) => new Set(sessionIds) },
        logger,
        // A log that is gone is noticed at the next look.
        limits: { ...STREAM_LIMITS, perProcess: 100, quietMs: 100 },
      }),
    )
  })
  afterAll(() => Promise.all(processes.map((clients) => clients.close())))

  const parameters = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }

  it('come once and in order, and a gap only with a reset', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) =>
        play(steps, `88${process.pid}${nextUserId++}`),
      ),
      parameters,
    )
  })

  async function play(steps: readonly Step[], userId: UserId): Promise<void> {
    const { redis } = processes[1]!
    const publisher = createEventPublisher(createEventLogs(redis))
    const listeners: Listener[] = Array.from({ length: LISTENERS }, () => ({ seen: 0, atMost: 0 }))
    let issued = 0
    // One after the other, and beside everything else.
    let publishing = Promise.resolve()
    function publish(count: number): void {
      for (let n = 0; n < count; n++) {
        const event = { type: 'unread' as const, data: { count: ++issued } }
        publishing = publishing.then(async () => void (await publisher.publish(userId, event)))
      }
    }

    function take(listener: Listener, item: StreamItem): void {
      if ('id' in item) listener.lastEventId = item.id
      if (item.kind === 'reset') listener.next = undefined
      if (item.kind === 'reset' || item.kind === 'ready') listener.atMost = issued + 1
      if (item.kind !== 'event') return
      const { count } = JSON.parse(item.data) as { count: number }
      if (listener.next === undefined) {
        expect(count).toBeGreaterThan(listener.seen)
        expect(count).toBeLessThanOrEqual(listener.atMost)
      } else expect(count).toBe(listener.next)
      listener.seen = count
      listener.next = count + 1
    }

    async function leave(listener: Listener): Promise<void> {
      listener.connection?.closing.abort()
      await listener.connection?.done
      listener.connection = undefined
    }

    async function connect(listener: Listener, on: EventStreams, resume: boolean): Promise<void> {
      await leave(listener)
      const { lastEventId } = listener
      const resumes = resume && lastEventId !== undefined
      if (!resumes) listener.next = undefined
      const closing = new AbortController()
      const items = await on.open(
        { userId, sessionId: 'any' },
        {
          ...(resumes ? { lastEventId: { id: lastEventId, path: 'header.Last-Event-ID' } } : {}),
          closed: closing.signal,
          cutOff: () => undefined,
        },
      )
      const { promise: begun, resolve } = Promise.withResolvers<void>()
      const done = (async () => {
        for await (const item of items) {
          take(listener, item)
          resolve()
        }
      })()
      done.catch(resolve)
      listener.connection = { closing, done }
      await begun
    }

    try {
      for (const one of steps) {
        if (one.do === 'publish') publish(one.count)
        else if (one.do === 'burst') publish(BURST)
        else if (one.do === 'forget') await redis.del(eventLogKey(userId))
        else if (one.do === 'leave') await leave(listeners[one.who]!)
        else await connect(listeners[one.who]!, streams[one.process]!, one.resume)
      }
      await publishing
      // Each who is there has all there is, or is told to look.
      publish(1)
      await publishing
      for (const listener of listeners.filter(({ connection }) => connection)) {
        await expect
          .poll(() => listener.seen === issued || (listener.next === undefined && listener.atMost > issued))
          .toBe(true)
      }
    } finally {
      await Promise.all(listeners.map(leave))
    }
  }
})
