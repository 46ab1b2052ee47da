import { notFound } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import { visibleTo } from '../../infra/db/rules.ts'
import type { Reader } from '../lists/list-read.ts'

// Plan: one probe of photos_pkey and users_pkey, and those of the access rule.
const SEEN = `
  SELECT FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', { userId: '$2::bigint', linkId: '$3::uuid' })}`

/** What is said about a photo has the photo's rights. @throws DarkroomError not_found unless the viewer may see it */
export async function assertPhotoSeen({ query, viewer }: Reader, photoId: PhotoId): Promise<void> {
  const rows = await query({
    name: 'photo-seen',
    text: SEEN,
    values: [photoId, viewerUserId(viewer), viewerLinkId(viewer)],
  })
  if (rows.length === 0) throw notFound('photo')
}
