import type { UserId } from '../../domain/ids.ts'
import type { LiveEvent } from '../../domain/live-events.ts'
import type { EventLogs } from '../../infra/redis/event-logs.ts'
import { eventPublished } from '../../observability/events-events.ts'

/** Tells accounts what has happened to them. */
export interface EventPublisher {
  /**
   * Sends an event to all open streams of the account, on whatever process, and keeps it for those who reconnect. Costs
   * next to nothing for an account that has had no stream for an hour. A repeated call sends it again; clients know an
   * event by the ids in it.
   * @returns whether somebody may read it: the account has a stream, or has had one within the hour
   * @throws when Redis does not answer; the event may have been sent all the same
   */
  publish(userId: UserId, event: LiveEvent): Promise<boolean>
}

export function createEventPublisher(logs: EventLogs): EventPublisher {
  return {
    async publish(userId, { type, data }) {
      const isFollowed = await logs.append(userId, { type, data: JSON.stringify(data) })
      eventPublished(isFollowed ? 'kept' : 'unread')
      return isFollowed
    },
  }
}
