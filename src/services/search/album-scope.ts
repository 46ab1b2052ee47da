import { notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, albumVisibleTo, memberOf } from '../../infra/db/rules.ts'

/** The photos of an album, as far as a search needs them. At most MAX_ITEMS.photosPerAlbum each. */
export interface AlbumScope {
  photos: PhotoId[]
  /** Those that their owners granted to the viewer, who is a member. */
  granted: PhotoId[]
}

// Plan: one probe of albums_pkey, users_pkey and album_members_pkey, and those of the rule; then the album's range of
// album_photos_pkey, and for members a probe of photos_pkey and users_pkey for each that is granted.
const SCOPE = `
  SELECT ARRAY(SELECT g.photo_id::text FROM album_photos g WHERE g.album_id = a.album_id) AS photos,
    CASE WHEN ${memberOf('a.album_id', '$2::bigint')} THEN ARRAY(
      SELECT g.photo_id::text FROM album_photos g JOIN photos p ON p.photo_id = g.photo_id JOIN users u ON u.user_id = p.owner_id
      WHERE g.album_id = a.album_id AND g.granted AND g.added_by = p.owner_id AND u.status = 'active') ELSE '{}' END AS granted
  FROM albums a JOIN users o ON o.user_id = a.owner_id
  WHERE a.album_id = $1 AND ${albumVisibleTo('a', 'o', accountOnly('$2::bigint'))}`

/** @throws DarkroomError not_found unless the viewer may see the album */
export async function albumScope(query: Query, viewer: Viewer, albumId: AlbumId): Promise<AlbumScope> {
  const [scope] = await query<AlbumScope>({
    name: 'search-album',
    text: SCOPE,
    values: [albumId, viewerUserId(viewer)],
  })
  if (!scope) throw notFound('album')
  return scope
}
