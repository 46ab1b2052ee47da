import type { AlbumOrder } from '../../domain/albums.ts'
import { notFound } from '../../domain/errors.ts'
import type { LinkViewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { isLive } from '../../infra/db/rules.ts'
import { readAlbumPhotos } from '../albums/album-photos.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'

/** All that a link tells of its album beside the photos. */
export interface SharedAlbum {
  title: string
  description: string | null
  owner: { username: string; displayName: string | null }
  expiresAt: Date | null
  allowUpload: boolean
}

interface SharedAlbumRow extends Omit<SharedAlbum, 'owner'> {
  albumId: string
  order: AlbumOrder
  orderEpoch: number
  username: string
  displayName: string | null
}

// Plan: one probe of share_links_pkey, albums_pkey and users_pkey.
const SHARED_ALBUM = `
  SELECT a.album_id AS "albumId", a.photo_order AS "order", a.order_epoch AS "orderEpoch", a.title, a.description,
    o.username, o.display_name AS "displayName", l.expires_at AS "expiresAt", l.allow_upload AS "allowUpload"
  FROM share_links l JOIN albums a ON a.album_id = l.album_id JOIN users o ON o.user_id = a.owner_id
  WHERE l.link_id = $1 AND ${isLive('l')} AND o.status = 'active'`

/**
 * A page of the album as the link shows it: each of its statements asks again whether the link is live, so a revocation
 * meanwhile shows nothing more.
 * @throws DarkroomError not_found, bad_cursor, cursor_expired
 */
export async function readSharedAlbum(
  list: ListRead<LinkViewer>,
): Promise<{ album: SharedAlbum; photos: Page<PhotoCard> }> {
  const { albumId, order, orderEpoch, username, displayName, ...album } = await findShared(
    list.query,
    list.viewer,
  )
  const photos = await readAlbumPhotos(list, { albumId, order, orderEpoch })
  return { album: { ...album, owner: { username, displayName } }, photos }
}

async function findShared(query: Query, { linkId }: LinkViewer): Promise<SharedAlbumRow> {
  const [row] = await query<SharedAlbumRow & Record<string, unknown>>({
    name: 'shared-album',
    text: SHARED_ALBUM,
    values: [linkId],
  })
  if (!row) throw notFound('link')
  return row
}
