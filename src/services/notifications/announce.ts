import type { UserId } from '../../domain/ids.ts'
import type { LiveEvent } from '../../domain/live-events.ts'
import type { NotificationKind } from '../../domain/notifications.ts'
import type { Query } from '../../infra/db/database.ts'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import { eventLogKey } from '../../infra/redis/event-logs.ts'
import type { Logger } from '../../observability/logger.ts'
import type { EventPublisher } from '../events/publish.ts'
import { isShown } from './shown.ts'

/** A notification that is new, or that somebody has joined. */
export interface WrittenNotification {
  notificationId: string
  recipientId: UserId
  kind: NotificationKind
}

/** Tells the open streams of accounts. Live events are hints: what Redis does not take is lost, and nothing here throws. */
export interface Announce {
  written(notifications: readonly WrittenNotification[]): Promise<void>
  /** The number of unread notifications has changed. */
  unread(userIds: readonly UserId[]): Promise<void>
}

export interface AnnounceDeps {
  primary: Query
  events: EventPublisher
  breaker: RedisBreaker
  logger: Logger
}

// Plan: for each account notifications_unread_idx, and for each of those the probes of the rules until the first entry that may be
// shown.
const COUNT_UNREAD = `
  SELECT r.user_id::text, (
    SELECT count(*)::integer FROM notifications n
    WHERE n.recipient_id = r.user_id AND n.read_at IS NULL AND ${isShown('r.user_id')}) AS unread
  FROM unnest($1::bigint[]) r (user_id)`

/** How many notifications in the list of each account are unread. */
export async function countUnread(query: Query, userIds: readonly UserId[]): Promise<Map<UserId, number>> {
  const rows = await query<{ user_id: UserId; unread: number }>({
    name: 'notifications-unread',
    text: COUNT_UNREAD,
    values: [userIds],
  })
  return new Map(rows.map((row) => [row.user_id, row.unread]))
}

export function createAnnounce({ primary, events, breaker, logger }: AnnounceDeps): Announce {
  /** @returns whether somebody may read it, that is whether the account has a stream or has had one lately */
  const publish = (userId: UserId, event: LiveEvent): Promise<boolean> =>
    breaker.whileAnswering(eventLogKey(userId), () => events.publish(userId, event))

  async function unread(userIds: readonly UserId[]): Promise<void> {
    if (userIds.length === 0) return
    const counts = await countUnread(primary, userIds)
    await Promise.all(
      [...counts].map(([userId, count]) => publish(userId, { type: 'unread', data: { count } })),
    )
  }

  async function written(notifications: readonly WrittenNotification[]): Promise<void> {
    const followed = new Set<UserId>()
    await Promise.all(
      notifications.map(async ({ notificationId: id, recipientId, kind }) => {
        if (await publish(recipientId, { type: 'notification', data: { id, kind } }))
          followed.add(recipientId)
      }),
    )
    // Counted only for those who look.
    await unread([...followed])
  }

  const asHint =
    <Argument>(announce: (argument: Argument) => Promise<void>) =>
    (argument: Argument) =>
      announce(argument).catch((error: unknown) => {
        logger.warn({ err: error }, 'live events of notifications are lost')
      })

  return { written: asHint(written), unread: asHint(unread) }
}
