import { createHash } from 'node:crypto'
import type { UserId } from '../../domain/ids.ts'
import type { NotificationKind } from '../../domain/notifications.ts'
import type { NotificationRow, UserRow } from '../../entities/index.ts'

/** A notification, with the latest of what it tells of. */
export type PushableNotification = Pick<
  NotificationRow,
  'notification_id' | 'kind' | 'photo_id' | 'album_id' | 'actor_count'
> & { item_id: string | null; actor_id: UserId | null } & {
  [Name in 'username' | 'display_name']: UserRow[Name] | null
}

/** A device that was away for longer fetches its list. */
const TTL_SECONDS = 86_400
/** The longest that RFC 8030 has; push services replace what waits under the same topic. */
const TOPIC_CHARACTERS = 32

const COMMENTS: readonly NotificationKind[] = ['comment', 'reply', 'mention']
const URGENT: readonly NotificationKind[] = ['security']

/** What a device shows, without any text but names: it fetches the rest. `tag` is equal for all pushes of a notification. */
export function messageOf(push: PushableNotification): { body: Buffer; headers: Record<string, string> } {
  const { notification_id: id, kind, username, display_name: displayName } = push
  const topic = createHash('sha256')
    .update(`notification/${id}`)
    .digest('base64url')
    .slice(0, TOPIC_CHARACTERS)
  const message = {
    id,
    kind,
    tag: topic,
    count: push.actor_count,
    ...(push.actor_id !== null && { actor: { id: push.actor_id, username, displayName } }),
    ...(push.photo_id !== null && { photoId: push.photo_id }),
    ...(push.album_id !== null && { albumId: push.album_id }),
    ...(COMMENTS.includes(kind) && { commentId: push.item_id }),
  }
  return {
    body: Buffer.from(JSON.stringify(message)),
    headers: { TTL: String(TTL_SECONDS), Topic: topic, Urgency: URGENT.includes(kind) ? 'high' : 'normal' },
  }
}
