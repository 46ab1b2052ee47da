import { setTimeout as delay } from 'node:timers/promises'
import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { eventLogKey, type EventLogs, type LogPosition, type LogSlice } from '../../infra/redis/event-logs.ts'
import { createTurnstile } from '../../infra/concurrency/turnstile.ts'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import type { WakeUps } from '../../infra/redis/wake-ups.ts'
import {
  eventDelivered,
  eventStreamEnded,
  eventStreamOpened,
  eventStreamRefused,
  eventStreamReset,
  type StreamEnd,
} from '../../observability/events-events.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Sessions } from '../accounts/sessions.ts'
import { createBell, type Bell } from './bell.ts'
import type { EventIds, GivenEventId } from './event-ids.ts'
import type { TicketHolder } from './tickets.ts'
import { unlessUnavailable } from './unavailable.ts'

/** What a stream sends. An `id` is where the client may go on after what it comes with. */
export type StreamItem =
  | { kind: 'ready'; id: string }
  | { kind: 'event'; id: string; type: string; data: string }
  /** Events may be missing: the client fetches its lists again. */
  | { kind: 'reset'; id: string }
  /** Nothing happened, and the connection is alive. */
  | { kind: 'quiet' }
  /** The stream ends now, and the client may come with a new ticket. */
  | { kind: 'renew' }

interface StreamOptions {
  /** Undefined: from now on. */
  lastEventId?: GivenEventId | undefined
  /** Aborts when the connection is gone. */
  closed: AbortSignal
  /** Destroys the connection, of a client that does not read. */
  cutOff: () => void
}

/** The open streams of this process. */
export interface EventStreams {
  /**
   * Follows the account's events until the connection closes, the session ends or the time is over.
   * @throws DarkroomError bad_cursor, unauthenticated if the session has ended or the account is suspended, rate_limited for
   *   too many streams of the account, unavailable for too many of the process or without Redis
   */
  open(holder: TicketHolder, options: StreamOptions): Promise<AsyncIterable<StreamItem>>
  /** Ends all streams, because the process stops. */
  endAll(): void
  /** Ends streams whose session has ended or whose client does not read, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>
}

export interface StreamLimits {
  /** Streams of this process; each takes some 45 KB (docs/benchmarks.md). */
  perProcess: number
  /** Streams of an account on this process: more tabs and devices than anyone has. */
  perAccount: number
  /** How long a stream lives at most; a fifth less at random, so that not all clients come back at once. */
  lifeMs: number
  /** Between signs of life: below the idle timeout of proxies (60 s and more). */
  quietMs: number
  /** A client that has not read for this long is cut off. */
  slowMs: number
  /** Between checks of the sessions: how long a stream outlives its session. */
  checkMs: number
}

export const STREAM_LIMITS: Omit<StreamLimits, 'perProcess'> = {
  perAccount: 10,
  lifeMs: 300_000,
  quietMs: 20_000,
  slowMs: 30_000,
  checkMs: 2_000,
}

/** Read at a time; a client takes them one by one, so this is all that waits for it. */
const ENTRIES_AT_ONCE = 50
/** When all streams are woken at once, others of this process's requests to Redis still get their turn. */
const READS_AT_ONCE = 32
/** Between attempts to read while Redis does not answer. */
const RETRY_MS = 1_000
/** When someone leaves is not known; other processes may have room. */
const FULL_RETRY_SECONDS = 5

export interface StreamsDeps {
  logs: EventLogs
  breaker: RedisBreaker
  wakeUps: WakeUps
  ids: EventIds
  sessions: Pick<Sessions, 'good'>
  logger: Logger
  limits: StreamLimits
}

interface Stream extends TicketHolder {
  bell: Bell
  openedAt: number
  endsAt: number
  end?: StreamEnd
  /** When an item was offered that the client has not taken; of performance.now(), as all times here. */
  offeredAt?: number | undefined
  cutOff: () => void
}

export function createEventStreams(deps: StreamsDeps): EventStreams {
  const { logs, breaker, wakeUps, ids, sessions, logger, limits } = deps
  const streams = new Set<Stream>()
  const countOf = new Map<UserId, number>()
  const inTurn = createTurnstile({ maxRunning: READS_AT_ONCE, maxWaiting: limits.perProcess, refuse: busy })
  let isStopping = false

  function assertRoom(userId: UserId): void {
    if ((countOf.get(userId) ?? 0) >= limits.perAccount) {
      eventStreamRefused('account')
      throw new DarkroomError('rate_limited', `You have ${limits.perAccount} open streams; close one.`, {
        retryAfterSeconds: FULL_RETRY_SECONDS,
      })
    }
    if (streams.size >= limits.perProcess) {
      eventStreamRefused('process')
      throw new DarkroomError('unavailable', 'This process has as many streams as it can hold; try again.', {
        retryAfterSeconds: FULL_RETRY_SECONDS,
      })
    }
  }

  function admit(holder: TicketHolder, { closed, cutOff }: StreamOptions): Stream {
    assertRoom(holder.userId)
    const endsAt = performance.now() + limits.lifeMs * (0.8 + 0.2 * Math.random())
    const stream: Stream = { ...holder, bell: createBell(), openedAt: Date.now(), endsAt, cutOff }
    const stopListening = wakeUps.listen(eventLogKey(holder.userId), () => stream.bell.ring())
    streams.add(stream)
    countOf.set(holder.userId, (countOf.get(holder.userId) ?? 0) + 1)
    eventStreamOpened()
    if (isStopping) end(stream, 'stopping')
    const leave = () => {
      stopListening()
      streams.delete(stream)
      const left = countOf.get(holder.userId)! - 1
      if (left > 0) countOf.set(holder.userId, left)
      else countOf.delete(holder.userId)
      eventStreamEnded(end(stream, 'client'))
    }
    if (closed.aborted) leave()
    else closed.addEventListener('abort', leave, { once: true })
    return stream
  }

  function read({ userId }: TicketHolder, after: LogPosition | undefined, count: number): Promise<LogSlice> {
    return inTurn(() => breaker.whileAnswering(eventLogKey(userId), () => logs.read(userId, after, count)))
  }

  async function assertGood({ sessionId }: TicketHolder): Promise<void> {
    const good = await sessions.good([sessionId])
    if (good.size === 0) {
      throw new DarkroomError('unauthenticated', 'The session has ended, or the account is suspended.')
    }
  }

  /** Whatever happens after `position`, in order, until the stream is to end. */
  async function* follow(stream: Stream, start: LogSlice): AsyncGenerator<StreamItem> {
    const idAt = (at: LogPosition) => ids.idOf(stream.userId, at)
    let { position } = start
    yield start.known ? { kind: 'ready', id: idAt(position) } : reset(idAt(position))
    let quietAt = performance.now() + limits.quietMs
    while (!stream.end) {
      // The log keeps what is published while Redis does not answer this process.
      const slice = await read(stream, position, ENTRIES_AT_ONCE).catch(() => undefined)
      if (slice?.known === false) yield reset(idAt(slice.position))
      for (const { type, data, ...entry } of slice?.entries ?? []) {
        const publishedAt = msOf(entry.position)
        // One that was missed before is as late as its client.
        if (publishedAt > stream.openedAt) eventDelivered(Math.max(0, Date.now() - publishedAt) / 1000)
        yield { kind: 'event', id: idAt(entry.position), type, data }
      }
      position = slice?.position ?? position
      if (slice?.entries.length === ENTRIES_AT_ONCE) continue
      if (performance.now() >= quietAt) {
        yield { kind: 'quiet' }
        quietAt = performance.now() + limits.quietMs
      }
      const untilMs = Math.max(0, Math.min(quietAt, stream.endsAt) - performance.now())
      await stream.bell.wait(slice ? untilMs : Math.min(untilMs, RETRY_MS * (0.5 + Math.random())))
      if (performance.now() >= stream.endsAt) end(stream, 'renewed')
    }
    if (stream.end === 'renewed' || stream.end === 'stopping') yield { kind: 'renew' }
  }

  /** Measures how long the client takes for each item. */
  async function* offered(stream: Stream, items: AsyncIterable<StreamItem>): AsyncGenerator<StreamItem> {
    for await (const item of items) {
      stream.offeredAt = performance.now()
      yield item
      stream.offeredAt = undefined
    }
  }

  /** Cuts off clients that have not read for long, or at all since their stream was told to end. */
  function cutOffSlow(): void {
    const now = performance.now()
    for (const stream of streams) {
      if (stream.offeredAt === undefined) continue
      if (now - stream.offeredAt > limits.slowMs) end(stream, 'slow')
      if (stream.end) stream.cutOff()
    }
  }

  async function endThoseOfEndedSessions(): Promise<void> {
    if (streams.size === 0) return
    const asked = [...streams]
    const good = await sessions.good(asked.map(({ sessionId }) => sessionId))
    for (const stream of asked) if (!good.has(stream.sessionId)) end(stream, 'session')
  }

  return {
    async open(holder, options) {
      const after = options.lastEventId && ids.positionOf(holder.userId, options.lastEventId)
      assertRoom(holder.userId)
      await assertGood(holder)
      const found = await unlessUnavailable(read(holder, after, 0))
      const stream = admit(holder, options)
      return offered(stream, follow(stream, { ...found, known: found.known || after === undefined }))
    },
    endAll() {
      isStopping = true
      for (const stream of streams) end(stream, 'stopping')
    },
    async watch(signal) {
      while (!signal.aborted) {
        await delay(limits.checkMs, undefined, { signal, ref: false }).catch(() => undefined)
        cutOffSlow()
        await endThoseOfEndedSessions().catch((error: unknown) =>
          logger.warn({ err: error }, 'sessions of event streams not checked'),
        )
      }
    },
  }
}

/** Tells a stream to end, for the first reason given; returns that. */
function end(stream: Stream, reason: StreamEnd): StreamEnd {
  stream.end ??= reason
  stream.bell.ring()
  return stream.end
}

function busy(): never {
  throw new Error('Too many reads of event logs wait')
}

function reset(id: string): StreamItem {
  eventStreamReset()
  return { kind: 'reset', id }
}

/** When the entry was appended, by the server's clock. */
function msOf(position: LogPosition): number {
  return Number(position.split('-', 1)[0])
}
