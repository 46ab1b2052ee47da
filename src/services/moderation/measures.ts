import { notFound } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { belongsInFeeds } from '../../domain/visibility.ts'
import type { PhotoRow, PhotoTakedownRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { markInFlight } from '../distribution/in-flight-marks.ts'
import { changePhotos } from '../photos/change-photos.ts'

// What moderation does to a photo, each inside the transaction of whoever decides it, and each to be taken back by
// `restorePhoto`. The triggers of `photos` make a takedown a narrowing, and photoSync carries it to every store.

type HeldPhoto = Pick<PhotoRow, 'owner_id' | 'status' | 'visibility' | 'score' | 'limited_at'>

const HOLD = `
  SELECT owner_id, status, visibility, score, limited_at FROM photos
  WHERE photo_id = $1 AND published_at IS NOT NULL AND status <> 'deleted' FOR NO KEY UPDATE`

/** @throws DarkroomError not_found unless it was published and is not deleted for good */
async function holdPublished(tx: Transaction, photoId: PhotoId): Promise<HeldPhoto> {
  const [row] = await tx.query<HeldPhoto>({ text: HOLD, values: [photoId] })
  if (!row) throw notFound('photo')
  return row
}

/**
 * Shows the photo to others behind a warning, and recommends it to nobody.
 * @returns the outbox messages to dispatch after the commit; none if it was limited before
 * @throws DarkroomError not_found unless it was published and is not deleted for good
 */
export async function limitPhoto(tx: Transaction, photoId: PhotoId): Promise<string[]> {
  const { owner_id: ownerId, limited_at: limitedAt } = await holdPublished(tx, photoId)
  if (limitedAt !== null) return []
  return changePhotos(tx, [{ photoId, ownerId }], { limited_at: new Date() })
}

/**
 * Hides the photo from everyone but its owner, and keeps all that belongs to it. One in the trash stays there, and comes out
 * of it hidden.
 * @returns the outbox messages to dispatch after the commit; none if nobody saw it before
 * @throws DarkroomError not_found unless it was published and is not deleted for good
 */
export async function takeDownPhoto(tx: Transaction, photoId: PhotoId): Promise<string[]> {
  const { owner_id: ownerId, status } = await holdPublished(tx, photoId)
  await tx.query({
    text: `INSERT INTO photo_takedowns (photo_id, previous_status) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    values: [photoId, status === 'offered' ? 'offered' : 'ready'],
  })
  if (status !== 'ready' && status !== 'offered') return []
  return changePhotos(tx, [{ photoId, ownerId }], { status: 'quarantined' })
}

/**
 * Takes back whatever moderation did to the photo, which is then as it was. One in the trash stays there.
 * @param fanoutShardThreshold from this many followers on, readers merge an author's photos until their push is complete
 * @returns the outbox messages to dispatch after the commit; none if there was nothing to take back
 * @throws DarkroomError not_found unless it was published and is not deleted for good
 */
export async function restorePhoto(
  tx: Transaction,
  photoId: PhotoId,
  fanoutShardThreshold: number,
): Promise<string[]> {
  const { owner_id: ownerId, visibility, score, ...photo } = await holdPublished(tx, photoId)
  const [takedown] = await tx.query<Pick<PhotoTakedownRow, 'previous_status'>>({
    text: 'DELETE FROM photo_takedowns WHERE photo_id = $1 RETURNING previous_status',
    values: [photoId],
  })
  const status = photo.status === 'quarantined' && takedown ? takedown.previous_status : photo.status
  if (status === photo.status && photo.limited_at === null) return []
  const outboxIds = await changePhotos(tx, [{ photoId, ownerId }], { status, limited_at: null })
  if (status !== photo.status && belongsInFeeds({ status, visibility }))
    await markInFlight(tx, { photoId, ownerId, score: Number(score) }, fanoutShardThreshold)
  return outboxIds
}
