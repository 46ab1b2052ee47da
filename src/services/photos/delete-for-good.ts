import type { PhotoId } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { isUnderReview } from '../../infra/db/rules.ts'
import { changePhotos, type ChangedPhoto } from './change-photos.ts'

/** A photo that the transaction holds. */
export type DeletedPhoto = Pick<PhotoRow, 'owner_id' | 'status' | 'published_at'>

// After the photo is held, as whoever reports it holds it too.
const UNDER_REVIEW = `SELECT ${isUnderReview('photo', '$1::uuid')} AS held`

const KEEP = `
  INSERT INTO trashed_photos (photo_id, owner_id, erases_at) VALUES ($1, $2, now() + $3 * interval '1 day')`
// Both the time of the deletion and its end: what was in the trash can no longer be restored.
const END = `UPDATE trashed_photos SET trashed_at = now(), erases_at = now() WHERE photo_id = $1`

/** Hides a photo from everyone, and from its owner but for the trash. @returns the outbox messages to dispatch after the commit */
export async function putIntoTrash(
  tx: Transaction,
  { photoId, ownerId }: ChangedPhoto,
  keptDays: number,
): Promise<string[]> {
  await tx.query({ text: KEEP, values: [photoId, ownerId, keptDays] })
  return changePhotos(tx, [{ photoId, ownerId }], { status: 'trashed' })
}

/**
 * Deletes a photo. One that moderation reviews stays as evidence instead: in the trash, but due, so that nobody sees, lists or
 * restores it, and the sweep erases it once its case is closed.
 * @returns the outbox messages to dispatch after the commit
 */
export async function deleteForGood(
  tx: Transaction,
  photoId: PhotoId,
  photo: DeletedPhoto,
): Promise<string[]> {
  const deleted = { photoId, ownerId: photo.owner_id }
  const [review] = await tx.query<{ held: boolean }>({ text: UNDER_REVIEW, values: [photoId] })
  if (!review!.held || photo.published_at === null) return changePhotos(tx, [deleted], { status: 'deleted' })
  if (photo.status !== 'trashed') return putIntoTrash(tx, deleted, 0)
  await tx.query({ text: END, values: [photoId] })
  return []
}
