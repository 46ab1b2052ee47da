import { isSubjectVisible, shownEntries } from '../notifications/shown.ts'

const RECIPIENT = 'n.recipient_id'

/**
 * Of pushes that are due, those whose account may know of it at this moment, with what it may know: the notification is in its list and
 * unread, the kind is still pushed, the account is active, and the device is still its own and signed in. Plan: a probe of a primary
 * key for each table, and those of the rules until the latest entry that may be shown.
 */
export const JUDGE = `
  SELECT p.subscription_id, p.endpoint, p.p256dh, p.auth, n.notification_id, n.kind, n.photo_id, n.album_id, n.actor_count,
    latest.item_id, latest.user_id AS actor_id, latest.username, latest.display_name
  FROM unnest($1::uuid[], $2::bigint[]) o (subscription_id, notification_id)
    JOIN push_subscriptions p ON p.subscription_id = o.subscription_id
    JOIN sessions s ON s.session_id = p.session_id AND s.revoked_at IS NULL AND s.expires_at > now()
    JOIN notifications n ON n.notification_id = o.notification_id AND n.recipient_id = p.user_id AND n.read_at IS NULL
    JOIN users r ON r.user_id = n.recipient_id AND r.status = 'active'
    JOIN notification_settings t ON t.user_id = n.recipient_id AND t.kind = n.kind AND t.push,
    LATERAL (${shownEntries('e.event_id, e.item_id, a.user_id, a.username, a.display_name', RECIPIENT)}
      ORDER BY e.event_id DESC LIMIT 1) latest
  WHERE ${isSubjectVisible('n', RECIPIENT)}`
