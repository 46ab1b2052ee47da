import type { UserId } from '../../domain/ids.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'

/**
 * Voids every claim that a stored feed of the user is complete. The next read then rebuilds, which needs no backfill
 * and no removal (docs/feed.md, Epoch). Every transaction that adds or ends a follow of the user, or approves their
 * request, calls it; a block or unfollow both ways calls it once for each side.
 */
export async function bumpFeedEpoch(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({
    text: `INSERT INTO feed_state (user_id, epoch) VALUES ($1, 1)
           ON CONFLICT (user_id) DO UPDATE SET epoch = feed_state.epoch + 1`,
    values: [userId],
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
