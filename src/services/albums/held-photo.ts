import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { accountOnly, visibleTo } from '../../infra/db/rules.ts'

export interface HeldPhoto {
  photoId: PhotoId
  ownerId: UserId
  status: PhotoStatus
  score: string | null
  /** Seen by everyone, whatever album it is in. */
  isOpen: boolean
}

const SEEN = `
  SELECT p.photo_id AS "photoId", p.owner_id AS "ownerId", p.status, p.score,
    p.visibility = 'public' AND NOT u.is_private AS "isOpen"
  FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', accountOnly('$2::bigint'))}`

/**
 * Holds a photo against narrowing, deletion and other albums until the transaction ends; before any album, as the trigger
 * photos_albums locks them after the photo.
 * @returns undefined if it is absent or hidden from the viewer
 */
export async function holdSeenPhoto(
  tx: Transaction,
  viewer: UserViewer,
  photoId: PhotoId,
): Promise<HeldPhoto | undefined> {
  await tx.query({ text: 'SELECT FROM photos WHERE photo_id = $1 FOR NO KEY UPDATE', values: [photoId] })
  const [row] = await tx.query<HeldPhoto & Record<string, unknown>>({
    text: SEEN,
    values: [photoId, viewer.userId],
  })
  return row
}
