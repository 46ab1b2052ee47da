import { createHash, randomBytes } from 'node:crypto'
import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import type { RedisClient } from '../../infra/redis/client.ts'
import { ticketRefused } from '../../observability/events-events.ts'
import { unlessUnavailable } from './unavailable.ts'

/** A browser connects at once; what is left in a log of URLs is worthless soon. */
export const TICKET_SECONDS = 30
const TICKET_BYTES = 32

/** The account and the session that a ticket was issued to. */
export interface TicketHolder {
  userId: UserId
  sessionId: string
}

export interface EventTickets {
  /** A secret that opens one stream within {@link TICKET_SECONDS}. @throws DarkroomError unavailable */
  issue(holder: TicketHolder): Promise<string>
  /** Takes the ticket; a second call finds none. @throws DarkroomError unauthenticated, unavailable */
  redeem(ticket: string): Promise<TicketHolder>
}

/** The Redis key of a ticket, which holds its digest only: who reads the keys cannot use them. */
export function ticketKey(ticket: string): string {
  return `event-ticket:${createHash('sha256').update(ticket).digest('base64url')}`
}

export function createEventTickets(redis: RedisClient, breaker: RedisBreaker): EventTickets {
  return {
    async issue({ userId, sessionId }) {
      const ticket = randomBytes(TICKET_BYTES).toString('base64url')
      const key = ticketKey(ticket)
      const set = () => redis.set(key, `${userId} ${sessionId}`, 'EX', TICKET_SECONDS)
      await unlessUnavailable(breaker.whileAnswering(key, set))
      return ticket
    },
    async redeem(ticket) {
      const key = ticketKey(ticket)
      const holder = await unlessUnavailable(breaker.whileAnswering(key, () => redis.getdel(key)))
      const [userId, sessionId] = holder?.split(' ') ?? []
      if (!userId || !sessionId) {
        ticketRefused()
        throw new DarkroomError('unauthenticated', 'The ticket was used, has expired or never was one.', {
          fields: [{ path: 'query.ticket', message: 'Get a new one.' }],
        })
      }
      return { userId, sessionId }
    },
  }
}
