import type { FeedPosition } from '../../domain/feed-page.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { feedable } from '../../infra/db/rules.ts'

/** A photo that belongs in feeds but is not yet in every follower's stored feed. */
export interface InFlightPhoto extends FeedPosition {
  ownerId: UserId
}

/**
 * Marks the photo, in the transaction that publishes or widens it, so that readers merge it until its push is complete.
 * Does nothing for authors with few followers, where a push takes only a moment.
 * @param shardThreshold the number of followers from which photos are marked
 */
export async function markInFlight(
  tx: Pick<Transaction, 'query'>,
  { photoId, ownerId, score }: InFlightPhoto,
  shardThreshold: number,
): Promise<void> {
  await tx.query({
    text: `INSERT INTO in_flight (photo_id, owner_id, score)
           SELECT $1::uuid, $2::bigint, $3::bigint
           WHERE (SELECT coalesce(sum(followers), 0) FROM user_counters WHERE user_id = $2::bigint) >= $4::bigint
           ON CONFLICT DO NOTHING`,
    values: [photoId, ownerId, score, shardThreshold],
  })
}

/**
 * Ends the merging of a photo unless it has changed since: one that was narrowed and widened again stays in flight for
 * the push that the widening owes. The lock on the photo orders this before or after such a change.
 * @param version the version that every stored feed on every server now holds; `left feeds` if it belongs in none
 */
export async function clearInFlight(
  query: Query,
  photoId: PhotoId,
  version: number | 'left feeds',
): Promise<void> {
  const condition =
    version === 'left feeds'
      ? { text: `NOT ${feedable('p')}`, values: [] }
      : { text: 'p.version = $2::integer', values: [version] }
  await query({
    text: `WITH held AS (SELECT FROM photos p WHERE p.photo_id = $1::uuid AND ${condition.text} FOR SHARE)
           DELETE FROM in_flight USING held WHERE in_flight.photo_id = $1::uuid`,
    values: [photoId, ...condition.values],
  })
}
