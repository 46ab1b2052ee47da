import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import { withdrawAvatar } from './avatars.ts'
import { changePhotos } from '../photos/change-photos.ts'

/** Each photo is a workflow that moves objects: a batch waits while more than this are under way for the account. */
const MAX_UNDER_WAY = 200
const BATCH_PHOTOS = 50

export interface WithdrawnBatch {
  /** The last photo of the batch, after which the next begins; as given if it had to wait; null once there is none left. */
  next: PhotoId | null
  withdrawn: number
}

/**
 * Revokes the URLs of an account's public photos, which have no expiry, in the order of their ids, and first that of its avatar. Those of its other photos
 * end by themselves within ten minutes, while edges deny the account for an hour.
 *
 * A batch that runs twice revokes twice, which costs a move of the objects and changes nothing else.
 */
export async function withdrawPhotos(
  db: Database,
  ownerId: UserId,
  after: PhotoId | null,
): Promise<{ batch: WithdrawnBatch; outboxIds: string[] }> {
  return db.transaction(async (tx) => {
    const [under] = await tx.query<{ way: number }>({
      text: `SELECT count(*)::int AS way FROM (
        SELECT FROM retractions WHERE owner_id = $1 AND subject LIKE 'photo/%' LIMIT $2) owed`,
      values: [ownerId, MAX_UNDER_WAY + 1],
    })
    if (after !== null && under!.way > MAX_UNDER_WAY)
      return { batch: { next: after, withdrawn: 0 }, outboxIds: [] }
    // First, as it locks the account.
    const avatar = after === null ? await withdrawAvatar(tx, ownerId) : []
    const rows = await tx.query<{ photo_id: PhotoId }>({
      text: `SELECT photo_id FROM photos
        WHERE owner_id = $1 AND status = 'ready' AND visibility = 'public' AND ($2::uuid IS NULL OR photo_id > $2)
        ORDER BY photo_id LIMIT $3 FOR UPDATE`,
      values: [ownerId, after, BATCH_PHOTOS],
    })
    const photos = rows.map((row) => ({ photoId: row.photo_id, ownerId }))
    const outboxIds = [...avatar, ...(photos.length > 0 ? await changePhotos(tx, photos, {}) : [])]
    const next = rows.length === BATCH_PHOTOS ? rows.at(-1)!.photo_id : null
    return { batch: { next, withdrawn: rows.length }, outboxIds }
  })
}
