import { notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { accountOnly, albumVisibleTo } from '../../infra/db/rules.ts'
import { findAccountWithLists } from '../graph/find-account.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCard } from '../photos/photo-cards.ts'
import { loadAlbumCards, type AlbumCard } from './album-cards.ts'

export interface AlbumLists {
  /** The albums that the viewer owns or is a member of, latest joined first. @throws DarkroomError bad_cursor */
  mine(list: ListRead<UserViewer>): Promise<Page<AlbumCard>>
  /**
   * The albums of an account that the viewer may see, newest first.
   * @throws DarkroomError not_found, account_private, bad_cursor
   */
  ofUser(list: ListRead<UserViewer>, username: string): Promise<Page<AlbumCard>>
  /**
   * The albums with this photo that the viewer may see, newest first.
   * @throws DarkroomError not_found if the photo is hidden, bad_cursor
   */
  ofPhoto(list: ListRead<UserViewer>, photoId: PhotoId): Promise<Page<AlbumCard>>
}

// Walks album_members_user_idx from the cursor. An album whose owner is suspended is left out by its card.
const MINE = `
  SELECT album_id, (extract(epoch FROM created_at) * 1000000)::bigint AS since FROM album_members
  WHERE user_id = $1
    AND ($2::bigint IS NULL OR (created_at, album_id) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3::uuid))
  ORDER BY created_at DESC, album_id DESC LIMIT $4`

const VIEWER = accountOnly('$1::bigint')

// Walks albums_owner_idx from the cursor; an account has at most 1,000.
const OF_USER = `
  SELECT a.album_id FROM albums a JOIN users o ON o.user_id = a.owner_id
  WHERE a.owner_id = $2 AND ${albumVisibleTo('a', 'o', VIEWER)} AND ($3::uuid IS NULL OR a.album_id < $3)
  ORDER BY a.album_id DESC LIMIT $4`

// Walks album_photos_photo_idx from the cursor; a photo is in at most 1,000.
const OF_PHOTO = `
  SELECT a.album_id FROM album_photos i JOIN albums a ON a.album_id = i.album_id JOIN users o ON o.user_id = a.owner_id
  WHERE i.photo_id = $2 AND ${albumVisibleTo('a', 'o', VIEWER)} AND ($3::uuid IS NULL OR i.album_id < $3)
  ORDER BY i.album_id DESC LIMIT $4`

interface AlbumIdRow {
  album_id: AlbumId
}

export function createAlbumLists(): AlbumLists {
  const cardsOf =
    ({ query, viewer }: ListRead<UserViewer>) =>
    (rows: readonly AlbumIdRow[]) =>
      loadAlbumCards(
        query,
        viewer,
        rows.map((row) => row.album_id),
      )

  async function newestOf(list: ListRead<UserViewer>, name: string, text: string, ofId: string) {
    const [before] = list.after(['string']) ?? [null]
    const rows = await list.query<AlbumIdRow & Record<string, unknown>>({
      name,
      text,
      values: [list.viewer.userId, ofId, before, list.limit + 1],
    })
    return pageOfRows(list, rows, (row) => [row.album_id], cardsOf(list))
  }

  return {
    async mine(list) {
      const [since, albumId] = list.after(['string', 'string']) ?? [null, null]
      const rows = await list.query<AlbumIdRow & { since: string }>({
        name: 'albums-of-viewer',
        text: MINE,
        values: [list.viewer.userId, since, albumId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.since, row.album_id], cardsOf(list))
    },

    async ofUser(list, username) {
      const ownerId = await findAccountWithLists(list.query, list.viewer, username)
      return newestOf(list, 'albums-of-user', OF_USER, ownerId)
    },

    async ofPhoto(list, photoId) {
      if (!(await loadPhotoCard(list.query, list.viewer, photoId))) throw notFound('photo')
      return newestOf(list, 'albums-of-photo', OF_PHOTO, photoId)
    },
  }
}
