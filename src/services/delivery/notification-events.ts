import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import type { NotificationKind } from '../../domain/notifications.ts'
import type { Transaction } from '../../infra/db/database.ts'

/** Something that has happened, and of which an account is to be told. */
interface NewNotificationEvent {
  recipientId: UserId
  kind: NotificationKind
  /** Null: a guest without an account, or the service itself. */
  actorId: UserId | null
  photoId?: PhotoId
  albumId?: AlbumId
  /** What a guest has left in the drop box of the album; or the id of a restore, decision, security event or delivery to a webhook, each of which is told of. */
  itemId?: string
}

/**
 * The beginning of a statement that owes notifications, for a SELECT of these columns; `kinds` in the order in which the
 * first one that the recipient wants to hear of is chosen. The rows wait for the writer of their recipient, who decides
 * whether there is anything to tell (`services/notifications`).
 */
export const OWE_NOTIFICATIONS = `
  INSERT INTO notification_events (recipient_id, kinds, actor_id, photo_id, album_id, item_id)`

const OWE_ONE = `${OWE_NOTIFICATIONS} VALUES ($1, ARRAY[$2], $3, $4, $5, $6)`

/** Owes an account the news of something, in the transaction in which it happens. */
export async function oweNotification(
  tx: Pick<Transaction, 'query'>,
  { recipientId, kind, actorId, photoId, albumId, itemId }: NewNotificationEvent,
): Promise<void> {
  await tx.query({
    name: 'notification-owed',
    text: OWE_ONE,
    values: [recipientId, kind, actorId, photoId ?? null, albumId ?? null, itemId ?? null],
  })
}
