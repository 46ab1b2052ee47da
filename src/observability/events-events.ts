import { Counter, Gauge, Histogram } from 'prom-client'

/**
 * Why a stream ended. `client`: it hung up, `renewed`: its time was over, `session`: signed out or suspended, `slow`: it did not
 * read, `stopping`: this process stops.
 */
export type StreamEnd = 'client' | 'renewed' | 'session' | 'slow' | 'stopping'

const open = new Gauge({
  name: 'darkroom_event_streams_open',
  help: 'Streams of live events that are open in this process',
})

const ended = new Counter({
  name: 'darkroom_event_streams_ended_total',
  help: 'Streams of live events that ended, by why',
  labelNames: ['reason'] as const,
})

const refused = new Counter({
  name: 'darkroom_event_streams_refused_total',
  help: 'Streams of live events refused because the process or the account has too many',
  labelNames: ['limit'] as const,
})

const ticketsRefused = new Counter({
  name: 'darkroom_event_tickets_refused_total',
  help: 'Tickets refused because they were used, had expired or never were tickets',
})

const published = new Counter({
  name: 'darkroom_events_published_total',
  help: 'Live events published: kept for an account with streams, or unread because it has had none for an hour',
  labelNames: ['outcome'] as const,
})

const delivery = new Histogram({
  name: 'darkroom_event_delivery_seconds',
  help: 'From publication of a live event to its delivery to a stream that was open then',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
})

const resets = new Counter({
  name: 'darkroom_event_resets_total',
  help: 'Streams told to fetch everything again, because events after their position may be missing',
})

/** A stream was opened. */
export function eventStreamOpened(): void {
  open.inc()
}

/** A stream that was open has ended. */
export function eventStreamEnded(reason: StreamEnd): void {
  open.dec()
  ended.inc({ reason })
}

/** A stream was refused for lack of room. */
export function eventStreamRefused(limit: 'process' | 'account'): void {
  refused.inc({ limit })
}

/** Someone came with a ticket that is not good. */
export function ticketRefused(): void {
  ticketsRefused.inc()
}

/** An event was published. */
export function eventPublished(outcome: 'kept' | 'unread'): void {
  published.inc({ outcome })
}

/** An event was handed to a stream that was open when it was published. */
export function eventDelivered(seconds: number): void {
  delivery.observe(seconds)
}

/** A stream was told that events may be missing. */
export function eventStreamReset(): void {
  resets.inc()
}
