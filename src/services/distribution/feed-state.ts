import type { UserId } from '../../domain/ids.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'

/**
 * Voids every claim that a stored feed of the user is complete. Every transaction that adds or ends a follow of theirs
 * (`userId` is the follower) or approves their request calls it; the next read then rebuilds, which needs no backfill
 * and no removal (docs/feed.md, Epoch). A block or unfollow both ways calls it once for each side.
 */
export async function bumpFeedEpoch(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({
    text: `INSERT INTO feed_state (user_id, epoch) VALUES ($1, 1)
           ON CONFLICT (user_id) DO UPDATE SET epoch = feed_state.epoch + 1`,
    values: [userId],
  })
}

/**
 * Makes the user one of those that photos are pushed to; committed when it resolves. Their feed must be built after
 * that, never before: a photo published before the commit is found by the build, one published after it is pushed.
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
