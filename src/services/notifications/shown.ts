import { MAX_COUNTED_ACTORS } from '../../domain/notifications.ts'
import {
  accountVisibleTo,
  accountOnly,
  albumVisibleTo,
  commentShown,
  follows,
  likes,
  memberOf,
  mutes,
  requests,
  visibleTo,
} from '../../infra/db/rules.ts'

/*
 * What decides, when a notification is written and whenever it is read, whether it may be shown. All arguments are SQL. Each
 * OFFSET 0 keeps the planner from reading a whole table into a hash instead of probing for each row (infra/db/rules.ts).
 */

/**
 * The actor may be known to the recipient: they exist for them and are not muted. A guest has no account.
 * @param actor a row of users, NULL for a guest
 */
export function isKnown(actor: string, recipientId: string): string {
  return `(${actor}.user_id IS NULL OR ${accountVisibleTo(actor, accountOnly(recipientId))}
    AND NOT ${mutes(recipientId, `${actor}.user_id`)})`
}

/**
 * What the actor did has not been taken back, nor a guest's photo been decided on. Plan: one probe, or up to three.
 * @param about a row with `kind`, `photo_id` and `album_id`
 * @param done a row with `actor_id` and `item_id`
 */
export function isStanding(about: string, done: string, recipientId: string): string {
  const comment = `
    SELECT FROM comments c LEFT JOIN comments t ON t.comment_id = c.parent_id LEFT JOIN users b ON b.user_id = t.author_id
    WHERE c.comment_id = ${done}.item_id AND ${commentShown('c', recipientId)} AND ${commentShown('t', recipientId)}
      AND (t.comment_id IS NULL OR ${accountVisibleTo('b', accountOnly(recipientId))})`
  return `CASE ${about}.kind
    WHEN 'like' THEN ${likes(`${done}.actor_id`, `${about}.photo_id`)}
    WHEN 'follow' THEN ${follows(`${done}.actor_id`, recipientId)}
    WHEN 'follow_request' THEN ${requests(`${done}.actor_id`, recipientId)}
    WHEN 'follow_approved' THEN ${follows(recipientId, `${done}.actor_id`)}
    WHEN 'album_shared' THEN ${memberOf(`${about}.album_id`, recipientId)}
    WHEN 'mention' THEN EXISTS (${comment} AND EXISTS (
      SELECT FROM comment_mentions m WHERE m.comment_id = c.comment_id AND m.user_id = ${recipientId}) OFFSET 0)
    WHEN 'drop_box' THEN EXISTS (
      SELECT FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
      WHERE d.photo_id = ${done}.item_id AND d.album_id = ${about}.album_id AND p.owner_id = ${recipientId}
        AND p.status = 'offered' OFFSET 0)
    WHEN 'original_restored' THEN EXISTS (
      SELECT FROM cold_originals c WHERE c.photo_id = ${about}.photo_id AND c.state = 'hot' OFFSET 0)
    WHEN 'moderation_decision' THEN EXISTS (
      SELECT FROM moderation_decisions d WHERE d.decision_id = ${done}.item_id AND d.owner_id = ${recipientId} OFFSET 0)
    WHEN 'report_outcome' THEN EXISTS (
      SELECT FROM moderation_decisions d JOIN reports f ON f.case_id = d.case_id AND f.reporter_id = ${recipientId}
      WHERE d.decision_id = ${done}.item_id OFFSET 0)
    WHEN 'security' THEN EXISTS (
      SELECT FROM security_events s WHERE s.security_event_id = ${done}.item_id AND s.user_id = ${recipientId} OFFSET 0)
    WHEN 'webhook_disabled' THEN EXISTS (
      SELECT FROM webhooks WHERE webhooks.user_id = ${recipientId} AND webhooks.disabled_by = ${done}.item_id OFFSET 0)
    WHEN 'export_ready' THEN EXISTS (
      SELECT FROM account_exports x WHERE x.export_id = ${done}.item_id AND x.user_id = ${recipientId}
        AND x.status = 'ready' AND x.expires_at > now() OFFSET 0)
    WHEN 'comment' THEN EXISTS (${comment} OFFSET 0)
    WHEN 'reply' THEN EXISTS (${comment} OFFSET 0)
    ELSE false END`
}

/** The recipient may see the photo or album that it is about. */
export function isSubjectVisible(about: string, recipientId: string): string {
  const viewer = accountOnly(recipientId)
  return `(${about}.photo_id IS NULL OR EXISTS (
      SELECT FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE p.photo_id = ${about}.photo_id AND ${visibleTo('p', 'u', viewer)} OFFSET 0))
    AND (${about}.album_id IS NULL OR EXISTS (
      SELECT FROM albums l JOIN users o ON o.user_id = l.owner_id
      WHERE l.album_id = ${about}.album_id AND ${albumVisibleTo('l', 'o', viewer)} OFFSET 0))`
}

/**
 * The latest entries of a row `n` of notifications that may be shown; others are neither shown nor counted.
 * @param columns of `e`, and of the actor's account `a`
 */
export function shownEntries(columns: string, recipientId: string): string {
  return `
  SELECT ${columns} FROM (
    SELECT e.event_id, e.actor_id, e.item_id FROM notification_entries e WHERE e.notification_id = n.notification_id
    ORDER BY e.event_id DESC LIMIT ${MAX_COUNTED_ACTORS}) e LEFT JOIN users a ON a.user_id = e.actor_id
  WHERE ${isKnown('a', recipientId)} AND ${isStanding('n', 'e', recipientId)}`
}

/** A row `n` of notifications is in its recipient's list. */
export function isShown(recipientId: string): string {
  return `(${isSubjectVisible('n', recipientId)} AND EXISTS (${shownEntries('1', recipientId)}))`
}
