import { EVENT_OF_NOTIFICATION } from '../../domain/webhooks.ts'
import { isKnown, isStanding, isSubjectVisible } from './shown.ts'

const EVENTS = Object.entries(EVENT_OF_NOTIFICATION)
  .map(([kind, event]) => `('${kind}', '${event}')`)
  .join(', ')

/**
 * Two parts of the statement that writes notifications: what `taken` is to webhooks of its recipients, judged as a notification is,
 * whatever the account wants to see in the app. Plan: webhooks_user_idx for each event, and the probes of the rules for what is
 * wanted.
 */
export const OWE_WEBHOOKS = `
  wanted AS (
    SELECT w.webhook_id, k.event, k.kind, t.recipient_id, t.actor_id, t.photo_id, t.album_id, t.item_id
    FROM taken t JOIN webhooks w ON w.user_id = t.recipient_id AND w.disabled_at IS NULL, LATERAL (
      SELECT given.kind, named.event
      FROM unnest(t.kinds) WITH ORDINALITY given (kind, rank), LATERAL (
        SELECT m.event FROM (VALUES ${EVENTS}) m (kind, event) WHERE m.kind = given.kind
        UNION ALL SELECT 'security.' || s.kind FROM security_events s
        WHERE given.kind = 'security' AND s.security_event_id = t.item_id) named
      WHERE named.event = ANY (w.events) ORDER BY given.rank LIMIT 1) k
    WHERE t.actor_id IS DISTINCT FROM t.recipient_id),
  owed_to_webhooks AS (
    INSERT INTO webhook_deliveries (webhook_id, event, actor_id, photo_id, album_id, item_id)
    SELECT w.webhook_id, w.event, w.actor_id, w.photo_id, w.album_id, w.item_id
    FROM wanted w LEFT JOIN users a ON a.user_id = w.actor_id
    WHERE (w.actor_id IS NULL OR a.user_id IS NOT NULL) AND ${isKnown('a', 'w.recipient_id')}
      AND ${isStanding('w', 'w', 'w.recipient_id')} AND ${isSubjectVisible('w', 'w.recipient_id')}
    ON CONFLICT DO NOTHING)`
