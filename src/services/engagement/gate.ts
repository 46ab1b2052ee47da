import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

// The inner row is made first, so the follow comes before the gate: whoever ends one may close the other to commit. Plan:
// one probe of photos_pkey and follows_pkey.
const ENTER = `
  SELECT held.follows, pg_advisory_xact_lock_shared(engagement_gate(held.owner_id)) FROM (
    SELECT p.owner_id, (
      SELECT true FROM follows f WHERE f.follower_id = $2 AND f.followee_id = p.owner_id FOR KEY SHARE) AS follows
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
  await tx.query({ text: ENTER, values: [photoId, viewerId] })
}
