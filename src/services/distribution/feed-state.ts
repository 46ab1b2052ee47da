import type { UserId } from '../../domain/ids.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'

/**
 * Locks the feeds of users until the transaction ends, in the order of their ids. Every transaction that changes what a
 * user follows or has asked to follow, or blocks them, takes this lock before any edge, request or counter
 * (docs/access.md, Locks).
 */
export async function lockFeedStates(tx: Transaction, ...userIds: readonly UserId[]): Promise<void> {
  // DO UPDATE locks the row even where its WHERE refuses the update, and the INSERT makes a row that is missing.
  await tx.query({
    name: 'feed-lock',
    text: `INSERT INTO feed_state (user_id)
           SELECT user_id FROM unnest($1::bigint[]) AS given (user_id) ORDER BY user_id
           ON CONFLICT (user_id) DO UPDATE SET epoch = feed_state.epoch WHERE false`,
    values: [userIds],
  })
}

/**
 * Voids every claim that a stored feed of these users is complete. The next read then rebuilds, which needs no backfill
 * and no removal (docs/feed.md, Epoch). Every transaction that adds or ends follows of these users, or approves their
 * requests, calls it.
 */
export async function bumpFeedEpoch(tx: Transaction, ...userIds: readonly UserId[]): Promise<void> {
  await tx.query({
    name: 'feed-bump-epoch',
    text: `INSERT INTO feed_state (user_id, epoch)
           SELECT user_id, 1 FROM unnest($1::bigint[]) AS given (user_id) ORDER BY user_id
           ON CONFLICT (user_id) DO UPDATE SET epoch = feed_state.epoch + 1`,
    values: [userIds],
  })
}

/**
 * Enrols the user, so that photos are pushed to their feed; committed when it resolves. The feed must be built only
 * after that: the build finds photos published before the commit, and later ones are pushed.
 *
 * @param primary runs each statement in its own transaction
 */
export async function enrol(primary: Query, userId: UserId): Promise<void> {
  await primary({
    name: 'feed-enrol',
    text: `INSERT INTO feed_state (user_id, epoch, enrolled, last_read_at) VALUES ($1, 1, true, now())
           ON CONFLICT (user_id) DO UPDATE
             SET epoch = feed_state.epoch + (NOT feed_state.enrolled)::integer, enrolled = true, last_read_at = now()
             WHERE NOT feed_state.enrolled OR feed_state.last_read_at < now() - interval '1 day'`,
    values: [userId],
  })
}

/** Records that an enrolled user still reads, at most once a day. */
export async function recordRead(primary: Query, userId: UserId): Promise<void> {
  await primary({
    name: 'feed-record-read',
    text: `UPDATE feed_state SET last_read_at = now()
           WHERE user_id = $1 AND enrolled AND last_read_at < now() - interval '1 day'`,
    values: [userId],
  })
}
