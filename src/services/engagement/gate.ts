import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

// The inner row is made first, so the follow and what albums grant come before the gate: whoever ends one may close the other
// to commit. Plan: one probe of photos_pkey, follows_pkey and album_photos_photo_idx, and one of album_members_pkey for each
// album with the photo.
const ENTER = `
  SELECT held.follows, held.granted, pg_advisory_xact_lock_shared(engagement_gate(held.owner_id)) FROM (
    SELECT p.owner_id, (
      SELECT true FROM follows f WHERE f.follower_id = $2 AND f.followee_id = p.owner_id FOR KEY SHARE) AS follows,
      ARRAY(SELECT true FROM album_photos i JOIN album_members m ON m.album_id = i.album_id AND m.user_id = $2
        WHERE i.photo_id = p.photo_id AND i.granted FOR KEY SHARE) AS granted
    FROM photos p WHERE p.photo_id = $1 OFFSET 0) held`

/**
 * Holds what decides whether the viewer may see the photo until the transaction ends. Whatever takes that right away has
 * committed before, so that later statements see it, or waits for this transaction. Any number may be within at a time.
 * A photo that does not exist has no gate; the statement that checks the right refuses it.
 */
export async function enterGate(
  tx: Pick<Transaction, 'query'>,
  viewerId: UserId,
  photoId: PhotoId,
): Promise<void> {
  await tx.query({ name: 'engagement-gate', text: ENTER, values: [photoId, viewerId] })
}
