import type { AlbumOrder } from '../../domain/albums.ts'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId, type UserViewer } from '../../domain/viewer.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { visibleTo, type ViewerSql } from '../../infra/db/rules.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { pageOfWindow, type ListRead, type Page } from '../lists/list-read.ts'
import { changePhotos } from '../photos/change-photos.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { recordActivity } from './activity.ts'
import { addPhoto, type PutOptions } from './add-photo.ts'
import { assertRoleMay, findAlbum, holdAlbum, lockAlbum, type AlbumStanding } from './held-album.ts'
import { holdSeenPhoto, type HeldPhoto } from './held-photo.ts'
import { placeFor } from './place.ts'

export interface AlbumPhotos {
  /**
   * The photos of the album that the viewer may see, in its order.
   * @throws DarkroomError not_found, bad_cursor, cursor_expired if the order changed since the cursor was given
   */
  list(list: ListRead<UserViewer>, albumId: AlbumId): Promise<Page<PhotoCard>>
  /**
   * Adds a photo of the viewer's, at `index` or at the end, and grants it to the members. One that is there is moved if an
   * index is given; else it is granted again, in case it was narrowed. Its owner says whether links show it. Idempotent.
   * @throws DarkroomError not_found, forbidden, invalid, quota_exceeded
   */
  put(viewer: UserViewer, albumId: AlbumId, photoId: PhotoId, options?: PutOptions): Promise<void>
  /** Takes a photo out, and so ends what its members were granted. Idempotent. @throws DarkroomError not_found, forbidden */
  remove(viewer: UserViewer, albumId: AlbumId, photoId: PhotoId): Promise<void>
}

/** Photos looked at for a page at most; one that shows few of them is short. */
const MAX_SCANNED = 500

const VIEWER: ViewerSql = { userId: '$1::bigint', linkId: '$6::uuid' }

// Plan: a range of album_photos_position_key or album_photos_date_idx from the cursor on, whatever its depth; of it, the rights
// of one photo after the other until the page is full.
const page = (scan: string, orderBy: string) => `
  WITH scanned AS MATERIALIZED (
    ${scan} LIMIT ${MAX_SCANNED})
  (SELECT s.photo_id, s.place::text, true AS shown
    FROM scanned s JOIN photos p ON p.photo_id = s.photo_id JOIN users u ON u.user_id = p.owner_id
    WHERE ${visibleTo('p', 'u', VIEWER)} ORDER BY ${orderBy} LIMIT $5)
  UNION ALL
  (SELECT s.photo_id, s.place::text, false FROM scanned s ORDER BY ${orderBy} OFFSET ${MAX_SCANNED - 1})`

/** `first`: before every place. */
const ORDERS: Record<AlbumOrder, { text: string; first: readonly [place: string, photoId: PhotoId] }> = {
  position: {
    text: page(
      `SELECT photo_id, position AS place FROM album_photos
       WHERE album_id = $2 AND position > $3::numeric AND $4::uuid IS NOT NULL ORDER BY position`,
      's.place',
    ),
    first: ['-Infinity', '00000000-0000-0000-0000-000000000000'],
  },
  date: {
    text: page(
      `SELECT photo_id, score AS place FROM album_photos
       WHERE album_id = $2 AND (score, photo_id) < ($3::bigint, $4::uuid) ORDER BY score DESC, photo_id DESC`,
      's.place DESC, s.photo_id DESC',
    ),
    first: ['9223372036854775807', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  },
}

/** Its place in the order, its id, and the album's order epoch. */
const POSITION = ['string', 'string', 'number'] as const

export function createAlbumPhotos({ db, outbox }: { db: Database; outbox: Outbox }): AlbumPhotos {
  return {
    async list(list, albumId) {
      return readAlbumPhotos(list, await findAlbum(list.query, list.viewer, albumId))
    },

    async put(viewer, albumId, photoId, { index, shownByLinks } = {}) {
      const outboxIds = await db.transaction(async (tx) => {
        const photo = await holdSeenPhoto(tx, viewer, photoId, albumId)
        const album = await holdAlbum(tx, viewer, albumId)
        if (index !== undefined && album.order === 'date') {
          throw invalidField('body.position', 'This album is ordered by date.')
        }
        const isOwn = photo?.ownerId === viewer.userId
        // To the viewer, a hidden photo is not there.
        if (photo && (await isPresent(tx, albumId, photoId))) {
          if (!isOwn && shownByLinks !== undefined) {
            throw invalidField('body.shownByLinks', 'Only its owner decides whether links show a photo.')
          }
          // Taking back needs no role.
          const takesBack = shownByLinks === false && index === undefined
          if (!takesBack) assertRoleMay(album.role, isOwn ? 'add photos to' : "arrange others' photos in")
          if (index !== undefined) await move(tx, viewer, albumId, photoId, index)
          else if (isOwn && !takesBack) await grantAgain(tx, albumId, photoId)
          return shownByLinks === undefined ? [] : showByLinks(tx, albumId, photo, shownByLinks)
        }
        assertRoleMay(album.role, 'add photos to')
        if (!photo) throw notFound('photo')
        if (!isOwn) throw invalidField('params.photoId', 'Only its owner may add a photo to an album.')
        if (photo.status === 'failed') throw invalidField('params.photoId', 'The upload has failed.')
        await addPhoto(tx, viewer, album, photo, { index, shownByLinks })
        return []
      })
      await outbox.dispatch(outboxIds)
    },

    async remove(viewer, albumId, photoId) {
      const outboxIds = await db.transaction(async (tx) => {
        const photo = await holdSeenPhoto(tx, viewer, photoId, albumId)
        if (photo?.ownerId === viewer.userId) {
          // What one has added can be taken back whatever became of the membership, even unseen.
          await lockAlbum(tx, albumId)
          if (await isPresent(tx, albumId, photoId)) return takeOut(tx, viewer, albumId, photo)
          await findAlbum(tx.query, viewer, albumId)
          return []
        }
        const { role } = await holdAlbum(tx, viewer, albumId)
        assertRoleMay(role, "remove others' photos from")
        return photo?.isHeld ? takeOut(tx, viewer, albumId, photo) : []
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

/**
 * A page of an album's photos that the viewer may see.
 * @throws DarkroomError bad_cursor, cursor_expired
 */
export async function readAlbumPhotos(
  list: ListRead,
  { albumId, order, orderEpoch }: Pick<AlbumStanding, 'albumId' | 'order' | 'orderEpoch'>,
): Promise<Page<PhotoCard>> {
  const { query, viewer, limit } = list
  const [place, photoId, epoch] = list.after(POSITION) ?? [...ORDERS[order].first, orderEpoch]
  if (epoch !== orderEpoch) {
    throw new DarkroomError('cursor_expired', 'The order of the album has changed; start again.')
  }
  const rows = await query<{ photo_id: PhotoId; place: string; shown: boolean }>({
    name: `album-photos-by-${order}`,
    text: ORDERS[order].text,
    values: [viewerUserId(viewer), albumId, place, photoId, limit + 1, viewerLinkId(viewer)],
  })
  return pageOfWindow(
    list,
    rows,
    (row) => [row.place, row.photo_id, orderEpoch],
    async (shown) => {
      const ids = shown.map((row) => row.photo_id)
      const { cards } = await loadPhotoCards(query, viewer, ids)
      return ids.map((id) => cards.get(id)).filter((card) => card !== undefined)
    },
  )
}

async function isPresent(tx: Transaction, albumId: AlbumId, photoId: PhotoId): Promise<boolean> {
  const rows = await tx.query({
    text: 'SELECT FROM album_photos WHERE album_id = $1 AND photo_id = $2',
    values: [albumId, photoId],
  })
  return rows.length > 0
}

async function grantAgain(tx: Transaction, albumId: AlbumId, photoId: PhotoId): Promise<void> {
  await tx.query({
    text: 'UPDATE album_photos SET granted = true WHERE album_id = $1 AND photo_id = $2 AND NOT granted',
    values: [albumId, photoId],
  })
}

/** @returns the outbox messages to dispatch after the commit */
async function showByLinks(
  tx: Transaction,
  albumId: AlbumId,
  photo: HeldPhoto,
  shownByLinks: boolean,
): Promise<string[]> {
  const changed = await tx.query<{ granted: boolean }>({
    text: `UPDATE album_photos SET shown_by_links = $3
           WHERE album_id = $1 AND photo_id = $2 AND shown_by_links <> $3 RETURNING granted`,
    values: [albumId, photo.photoId, shownByLinks],
  })
  return changed.length > 0 && !shownByLinks ? revokeUrls(tx, photo, changed[0]!) : []
}

async function move(
  tx: Transaction,
  viewer: UserViewer,
  albumId: AlbumId,
  photoId: PhotoId,
  index: number,
): Promise<void> {
  await tx.query({
    text: 'UPDATE album_photos SET position = $3 WHERE album_id = $1 AND photo_id = $2',
    values: [albumId, photoId, await placeFor(tx, { albumId, photoId, viewer }, index)],
  })
}

/** @returns the outbox messages to dispatch after the commit */
async function takeOut(
  tx: Transaction,
  viewer: UserViewer,
  albumId: AlbumId,
  photo: HeldPhoto,
): Promise<string[]> {
  const { photoId } = photo
  const deleted = await tx.query<{ granted: boolean }>({
    text: 'DELETE FROM album_photos WHERE album_id = $1 AND photo_id = $2 RETURNING granted',
    values: [albumId, photoId],
  })
  if (deleted.length === 0) return []
  await recordActivity(tx, { albumId, actorId: viewer.userId, kind: 'photo_removed', photoId })
  return revokeUrls(tx, photo, deleted[0]!)
}

/**
 * URLs that were issued to members and through links are refused at the edges once the photo's workflow has told them.
 * @returns the outbox messages to dispatch after the commit
 */
async function revokeUrls(
  tx: Transaction,
  photo: HeldPhoto,
  { granted }: { granted: boolean },
): Promise<string[]> {
  return granted && !photo.isOpen && photo.status === 'ready' ? changePhotos(tx, [photo], {}) : []
}
