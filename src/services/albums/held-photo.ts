import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
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
  /** Locked; else it is another's, and was not in an album of the viewer's. */
  isHeld: boolean
}

// Strangers must not lock it: a narrowing would wait for them.
const HOLD = `
  SELECT FROM photos p WHERE p.photo_id = $1 AND (p.owner_id = $2 OR EXISTS (
    SELECT FROM album_photos i JOIN album_members m ON m.album_id = i.album_id
    WHERE i.album_id = $3 AND i.photo_id = p.photo_id AND m.user_id = $2))
  FOR NO KEY UPDATE`

const SEEN = `
  SELECT p.photo_id AS "photoId", p.owner_id AS "ownerId", p.status, p.score,
    p.visibility = 'public' AND NOT u.is_private AS "isOpen"
  FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', accountOnly('$2::bigint'))}`

/**
 * Reads a photo, and holds it against narrowing, deletion and other albums until the transaction ends if it is the viewer's or
 * in the album. It comes before any album, as the trigger photos_albums locks them after the photo.
 * @param albumId null: none yet
 * @returns undefined if it is absent or hidden from the viewer
 */
export async function holdSeenPhoto(
  tx: Transaction,
  viewer: UserViewer,
  photoId: PhotoId,
  albumId: AlbumId | null,
): Promise<HeldPhoto | undefined> {
  const held = await tx.query({ text: HOLD, values: [photoId, viewer.userId, albumId] })
  const [row] = await tx.query<Omit<HeldPhoto, 'isHeld'> & Record<string, unknown>>({
    text: SEEN,
    values: [photoId, viewer.userId],
  })
  return row && { ...row, isHeld: held.length > 0 }
}
