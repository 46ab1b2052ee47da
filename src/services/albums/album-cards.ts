import type { AlbumOrder, AlbumRole } from '../../domain/albums.ts'
import { notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Visibility } from '../../domain/visibility.ts'
import type { AlbumRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, albumVisibleTo, avatarOf, visibleTo, type AvatarPlace } from '../../infra/db/rules.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import type { NamedAccount } from './activity.ts'

/** Everything that is shown of an album, read together with the right to see it. */
export interface AlbumCard {
  albumId: AlbumId
  version: number
  owner: NamedAccount
  title: string
  description: string | null
  visibility: Visibility
  order: AlbumOrder
  /** The viewer's; null for who is not a member. */
  role: AlbumRole | null
  /** All but those in the trash, shown to members alone: others would learn of photos that are hidden from them. */
  photoCount: number | null
  /** The chosen photo, or the first one, as far as the viewer may see it. */
  cover: PhotoCard | null
  createdAt: Date
}

const VIEWER = accountOnly('$1::bigint')

/** A cover is looked for among this many photos at the front of an album. */
const MAX_SCANNED_FOR_COVER = 50

const coverAmong = (photos: string, orderBy: string) => `
  (SELECT s.photo_id FROM ${photos} s JOIN photos p ON p.photo_id = s.photo_id JOIN users u ON u.user_id = p.owner_id
   WHERE p.status = 'ready' AND ${visibleTo('p', 'u', VIEWER)} ORDER BY ${orderBy} LIMIT 1)`

const chosen = `(SELECT photo_id FROM album_photos WHERE album_id = a.album_id AND photo_id = a.cover_photo_id)`
const front = (orderBy: string) => `(
  SELECT photo_id, position, score FROM album_photos WHERE album_id = a.album_id
  ORDER BY ${orderBy} LIMIT ${MAX_SCANNED_FOR_COVER})`

// Plan: per album one probe of albums_pkey, users_pkey and album_members_pkey, those of the rule, and those of a photo card for
// the chosen cover; without one, a short range of album_photos_position_key or album_photos_date_idx, judged one by one.
const CARDS = `
  SELECT a.album_id, a.version, a.title, a.description, a.visibility, a.photo_order, a.photo_count - a.trashed_count AS photo_count, a.created_at, a.owner_id,
    o.username, o.display_name, ${avatarOf('o')} AS avatar, m.role,
    coalesce(${coverAmong(chosen, 's.photo_id')}, CASE a.photo_order
      WHEN 'position' THEN ${coverAmong(front('position'), 's.position')}
      ELSE ${coverAmong(front('score DESC, photo_id DESC'), 's.score DESC, s.photo_id DESC')} END) AS cover_id
  FROM albums a JOIN users o ON o.user_id = a.owner_id
  LEFT JOIN album_members m ON m.album_id = a.album_id AND m.user_id = ${VIEWER.userId}
  WHERE a.album_id = ANY ($2::uuid[]) AND ${albumVisibleTo('a', 'o', VIEWER)}`

type CardRow = Pick<
  AlbumRow,
  | 'album_id'
  | 'version'
  | 'title'
  | 'description'
  | 'visibility'
  | 'photo_order'
  | 'photo_count'
  | 'created_at'
  | 'owner_id'
> &
  Pick<UserRow, 'username' | 'display_name'> & {
    avatar: AvatarPlace | null
    role: AlbumRole | null
    cover_id: PhotoId | null
  }

/**
 * Of the given albums, those that the viewer may see, in their order: one statement for the albums, and one for all their
 * covers.
 */
export async function loadAlbumCards(
  query: Query,
  viewer: UserViewer,
  albumIds: readonly AlbumId[],
): Promise<AlbumCard[]> {
  if (albumIds.length === 0) return []
  const rows = await query<CardRow>({ name: 'album-cards', text: CARDS, values: [viewer.userId, albumIds] })
  const coverIds = rows.map((row) => row.cover_id).filter((photoId) => photoId !== null)
  const covers = coverIds.length > 0 ? (await loadPhotoCards(query, viewer, coverIds)).cards : new Map()
  const cards = new Map(rows.map((row) => [row.album_id, toCard(row, covers)]))
  return albumIds.map((albumId) => cards.get(albumId)).filter((card) => card !== undefined)
}

/** @throws DarkroomError not_found if it is absent or hidden from the viewer */
export async function loadAlbumCard(query: Query, viewer: UserViewer, albumId: AlbumId): Promise<AlbumCard> {
  const [card] = await loadAlbumCards(query, viewer, [albumId])
  if (!card) throw notFound('album')
  return card
}

function toCard(row: CardRow, covers: ReadonlyMap<PhotoId, PhotoCard>): AlbumCard {
  return {
    albumId: row.album_id,
    version: row.version,
    owner: {
      userId: row.owner_id,
      username: row.username,
      displayName: row.display_name,
      avatar: row.avatar,
    },
    title: row.title,
    description: row.description,
    visibility: row.visibility,
    order: row.photo_order,
    role: row.role,
    photoCount: row.role === null ? null : row.photo_count,
    cover: (row.cover_id !== null && covers.get(row.cover_id)) || null,
    createdAt: row.created_at,
  }
}
