import type { PhotoId, UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import { inAudience, type ViewerSql } from '../../infra/db/rules.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from './photo-cards.ts'

/** The place of a photo in the order of profiles and feeds: its score and id. */
const PHOTO_POSITION = ['number', 'string'] as const

const VIEWER: ViewerSql = { userId: '$1::bigint', linkId: '$6::uuid' }

// Walks photos_owner_idx backwards from the cursor; what the viewer may not see is skipped within the index's order.
const PROFILE_PHOTOS = `
  SELECT p.photo_id, p.score FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.owner_id = $2 AND p.status = 'ready' AND ${inAudience('p', 'u', VIEWER)}
    AND ($3::bigint IS NULL OR (p.score, p.photo_id) < ($3, $4::uuid))
  ORDER BY p.score DESC, p.photo_id DESC LIMIT $5`

/** Ready photos of an account that the viewer may see, newest first. @throws DarkroomError bad_cursor */
export async function readPhotosOfUser(list: ListRead, ownerId: UserId): Promise<Page<PhotoCard>> {
  const { query, viewer, limit } = list
  const [score, photoId] = list.after(PHOTO_POSITION) ?? [null, null]
  const rows = await query<{ photo_id: PhotoId; score: string }>({
    name: 'profile-photos',
    text: PROFILE_PHOTOS,
    values: [viewerUserId(viewer), ownerId, score, photoId, limit + 1, viewerLinkId(viewer)],
  })
  return pageOfRows(
    list,
    rows,
    (row) => [Number(row.score), row.photo_id],
    async (shown) => {
      const ids = shown.map((row) => row.photo_id)
      const { cards } = await loadPhotoCards(query, viewer, ids)
      return ids.map((id) => cards.get(id)).filter((card) => card !== undefined)
    },
  )
}
