import type { PhotoId, UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { visibleTo, type ViewerSql } from '../../infra/db/rules.ts'
import type { ListPage, PageRequest } from '../lists/pages.ts'
import { loadPhotoCards, type PhotoCard } from './photo-cards.ts'

/** The place of a photo in the order of profiles and feeds: its score and id. */
export type PhotoPosition = readonly [score: number, photoId: PhotoId]

const VIEWER: ViewerSql = { userId: '$1::bigint', linkId: '$6::uuid' }

// Walks photos_owner_idx backwards from the cursor; what the viewer may not see is skipped within the index's order.
const PROFILE_PHOTOS = `
  SELECT p.photo_id, p.score FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.owner_id = $2 AND p.status = 'ready' AND ${visibleTo('p', 'u', VIEWER)}
    AND ($3::bigint IS NULL OR (p.score, p.photo_id) < ($3, $4::uuid))
  ORDER BY p.score DESC, p.photo_id DESC LIMIT $5`

/** Ready photos of an account that the viewer may see, newest first. */
export async function readPhotosOfUser(
  query: Query,
  viewer: Viewer,
  ownerId: UserId,
  { after, limit }: PageRequest<PhotoPosition>,
): Promise<ListPage<PhotoCard, PhotoPosition>> {
  const rows = await query<{ photo_id: PhotoId; score: string }>({
    name: 'profile-photos',
    text: PROFILE_PHOTOS,
    values: [
      viewerUserId(viewer),
      ownerId,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit + 1,
      viewerLinkId(viewer),
    ],
  })
  const shown = rows.slice(0, limit)
  const { cards } = await loadPhotoCards(
    query,
    viewer,
    shown.map((row) => row.photo_id),
  )
  const last = shown.at(-1)
  return {
    items: shown.map((row) => cards.get(row.photo_id)).filter((card) => card !== undefined),
    next: rows.length > limit && last ? [Number(last.score), last.photo_id] : null,
  }
}
