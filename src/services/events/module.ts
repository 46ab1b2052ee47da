import { createEventLogs } from '../../infra/redis/event-logs.ts'
import type { Sessions } from '../accounts/sessions.ts'
import type { Clients } from '../clients.ts'
import { createEventIds } from './event-ids.ts'
import { createEventPublisher } from './publish.ts'
import { createEventStreams, STREAM_LIMITS, type StreamLimits } from './streams.ts'
import { createEventTickets } from './tickets.ts'

/** Live events: tickets, and the streams that they open. */
export function openEvents(
  { config, redis, breaker, wakeUps, logger }: Clients,
  { sessions }: { sessions: Sessions },
  limits: Partial<StreamLimits> = {},
) {
  const eventStreams = createEventStreams({
    logs: createEventLogs(redis),
    breaker,
    wakeUps,
    ids: createEventIds(config.CURSOR_SECRET),
    sessions,
    logger,
    limits: { ...STREAM_LIMITS, perProcess: config.MAX_EVENT_STREAMS, ...limits },
  })
  return {
    eventTickets: createEventTickets(redis, breaker),
    eventStreams,
    /** Looks after the open streams until the signal aborts. */
    background: (signal: AbortSignal) => eventStreams.watch(signal),
  }
}

/** The side of live events that says what happened, for whatever process finds out. */
export function openEventPublisher({ redis }: Clients) {
  return { events: createEventPublisher(createEventLogs(redis)) }
}
