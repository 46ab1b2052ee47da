import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { notificationsWritten } from '../../observability/notification-events.ts'
import type { Announce, WrittenNotification } from './announce.ts'
import { lockWriter } from './lock-writer.ts'
import { owePushes } from './owe-pushes.ts'
import { OWE_WEBHOOKS } from './owe-webhooks.ts'
import { isKnown, isStanding, isSubjectVisible } from './shown.ts'

/**
 * Takes the events that a writer owes, batch by batch, and writes what there is to tell, also into the queues of webhooks. Each batch is one transaction, so
 * that doing it twice, or at the same time, tells of nothing twice.
 * @param writer 0 to NOTIFICATION_WRITERS - 1
 * @param signal ends it after the batch that is under way
 * @returns how many events were taken, and whether more may be left
 */
export type WriteNotifications = (
  writer: number,
  signal?: AbortSignal,
) => Promise<{ taken: number; more: boolean }>

const BATCH_EVENTS = 500

// Plan: a range of notification_events_pkey; then, for each event, the probes of the rules, one of notification_settings_pkey,
// and of the notifications about the same, by notifications_subject_idx and notification_entries_once_idx.
const WRITE = `
  WITH taken AS (
    DELETE FROM notification_events WHERE writer = $1 AND event_id = ANY (ARRAY(
      SELECT event_id FROM notification_events WHERE writer = $1 ORDER BY event_id LIMIT $2))
    RETURNING event_id, recipient_id, kinds, actor_id, photo_id, album_id, item_id),
  ${OWE_WEBHOOKS},
  chosen AS (
    SELECT t.event_id, t.recipient_id, k.kind, t.actor_id, t.photo_id, t.album_id, t.item_id,
      CASE k.kind WHEN 'mention' THEN t.item_id
        WHEN 'reply' THEN (SELECT c.parent_id FROM comments c WHERE c.comment_id = t.item_id) END AS comment_id
    FROM taken t, LATERAL (
      SELECT given.kind FROM unnest(t.kinds) WITH ORDINALITY given (kind, rank)
      WHERE NOT EXISTS (SELECT FROM notification_settings s
        WHERE s.user_id = t.recipient_id AND s.kind = given.kind AND NOT s.in_app)
      ORDER BY given.rank LIMIT 1) k
    WHERE t.actor_id IS DISTINCT FROM t.recipient_id),
  news AS (
    SELECT *, notification_subject(comment_id, photo_id, album_id) AS subject_id FROM chosen),
  told AS MATERIALIZED (
    SELECT DISTINCT ON (w.recipient_id, w.kind, w.subject_id, w.actor_id, w.item_id) w.*
    FROM news w LEFT JOIN users a ON a.user_id = w.actor_id
    WHERE (w.actor_id IS NULL OR a.user_id IS NOT NULL) AND ${isKnown('a', 'w.recipient_id')}
      AND ${isStanding('w', 'w', 'w.recipient_id')} AND ${isSubjectVisible('w', 'w.recipient_id')}
      AND NOT EXISTS (
        SELECT FROM notifications n JOIN notification_entries e ON e.notification_id = n.notification_id
          AND e.actor_id IS NOT DISTINCT FROM w.actor_id AND e.item_id IS NOT DISTINCT FROM w.item_id
        WHERE n.recipient_id = w.recipient_id AND n.kind = w.kind AND n.subject_id = w.subject_id OFFSET 0)
    ORDER BY w.recipient_id, w.kind, w.subject_id, w.actor_id, w.item_id, w.event_id),
  written AS (
    INSERT INTO notifications AS n (recipient_id, kind, photo_id, comment_id, album_id, actor_count, latest_at,
      latest_event_id)
    SELECT w.recipient_id, w.kind, w.photo_id, w.comment_id, w.album_id,
      count(DISTINCT coalesce(w.actor_id::text, w.item_id::text)) FILTER (WHERE NOT EXISTS (
        SELECT FROM notifications u JOIN notification_entries e ON e.notification_id = u.notification_id
        WHERE u.recipient_id = w.recipient_id AND u.kind = w.kind AND u.subject_id = w.subject_id AND u.read_at IS NULL
          AND e.actor_id = w.actor_id)), statement_timestamp(), max(w.event_id)
    FROM told w
    GROUP BY w.recipient_id, w.kind, w.subject_id, w.photo_id, w.comment_id, w.album_id
    ON CONFLICT (recipient_id, kind, subject_id) WHERE read_at IS NULL
    DO UPDATE SET actor_count = n.actor_count + excluded.actor_count, latest_at = excluded.latest_at,
      latest_event_id = excluded.latest_event_id
    RETURNING n.notification_id, n.recipient_id, n.kind, n.subject_id),
  entered AS (
    INSERT INTO notification_entries (notification_id, event_id, actor_id, item_id)
    SELECT n.notification_id, w.event_id, w.actor_id, w.item_id
    FROM told w JOIN written n USING (recipient_id, kind, subject_id))
  SELECT (SELECT count(*)::integer FROM taken) AS taken, (SELECT count(*)::integer FROM told) AS told,
    (SELECT coalesce(json_agg(json_build_object('notificationId', notification_id::text, 'recipientId', recipient_id::text,
      'kind', kind)), '[]') FROM written) AS written`

// Plan: notifications_newest_idx and notification_entries_pkey, both up to the row from which on none is kept.
const TRIM = `
  WITH too_many AS (
    DELETE FROM notifications WHERE notification_id IN (
      SELECT old.notification_id FROM unnest($1::bigint[]) r (user_id), LATERAL (
        SELECT notification_id FROM notifications WHERE recipient_id = r.user_id
        ORDER BY latest_at DESC, latest_event_id DESC OFFSET ${MAX_ITEMS.notificationsPerUser}) old))
  DELETE FROM notification_entries e USING (
    SELECT w.notification_id, (
      SELECT event_id FROM notification_entries WHERE notification_id = w.notification_id
      ORDER BY event_id DESC OFFSET ${MAX_ITEMS.entriesPerNotification} LIMIT 1) AS event_id
    FROM unnest($2::bigint[]) w (notification_id)) forgotten
  WHERE e.notification_id = forgotten.notification_id AND e.event_id <= forgotten.event_id`

export function createWriteNotifications({
  db,
  announce,
}: {
  db: Pick<Database, 'transaction'>
  announce: Pick<Announce, 'written'>
}): WriteNotifications {
  return async (writer, signal) => {
    for (let taken = 0; ;) {
      // As a narrowing commits, so that whoever is told by a live event finds it on a replica.
      const batch = await db.transaction((tx) => writeBatch(tx, writer), { narrows: true })
      await announce.written(batch.written)
      taken += batch.taken
      if (batch.taken < BATCH_EVENTS) return { taken, more: false }
      if (signal?.aborted) return { taken, more: true }
    }
  }
}

interface Batch {
  /** Events. */
  taken: number
  /** Those of them that led to a notification. */
  told: number
  written: WrittenNotification[]
}

async function writeBatch(tx: Transaction, writer: number): Promise<Batch> {
  await lockWriter(tx, writer)
  const rows = await tx.query({ name: 'notifications-write', text: WRITE, values: [writer, BATCH_EVENTS] })
  const batch = rows[0] as unknown as Batch
  const { taken, told, written } = batch
  if (written.length > 0) {
    const recipients = new Set(written.map(({ recipientId }) => recipientId))
    const ids = written.map(({ notificationId }) => notificationId)
    await tx.query({ name: 'notifications-trim', text: TRIM, values: [[...recipients], ids] })
    await owePushes(tx, ids)
  }
  notificationsWritten(taken, told)
  return batch
}
