import { notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import type { LinkId, UserViewer } from '../../domain/viewer.ts'
import type { DropBoxItemRow, PhotoRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { addPhoto } from '../albums/add-photo.ts'
import { assertRoleMay, findAlbum, holdAlbum } from '../albums/held-album.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { changePhotos } from '../photos/change-photos.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { makeReady } from '../uploads/claim-and-publish.ts'

/** A guest's photo that waits for the decision of its owner. Its id is that of the photo. */
export interface OfferedPhoto {
  photo: PhotoCard
  /** What the guest calls it, or themselves. */
  name: string | null
  /** Null once the link is revoked. */
  linkId: LinkId | null
  offeredAt: Date
}

/** What guests uploaded for the viewer, who owned the album at the time. */
export interface DropBox {
  /** Latest first. @throws DarkroomError not_found, forbidden for who is neither owner nor admin, bad_cursor */
  list(list: ListRead<UserViewer>, albumId: AlbumId): Promise<Page<OfferedPhoto>>
  /** Publishes the photo, as private, at the end of the album. Idempotent. @throws DarkroomError not_found, forbidden, quota_exceeded */
  approve(viewer: UserViewer, albumId: AlbumId, photoId: PhotoId): Promise<void>
  /** Deletes the photo. Idempotent. @throws DarkroomError not_found, forbidden */
  decline(viewer: UserViewer, albumId: AlbumId, photoId: PhotoId): Promise<void>
}

// Plan: drop_box_items_album_idx from the cursor on, and one probe of photos_pkey each; decided ones leave after a month.
const LIST = `
  SELECT d.photo_id, d.name, d.link_id, d.created_at FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
  WHERE d.album_id = $1 AND p.owner_id = $2 AND p.status = 'offered' AND ($3::uuid IS NULL OR d.photo_id < $3)
  ORDER BY d.photo_id DESC LIMIT $4`

export interface DropBoxDeps {
  db: Database
  outbox: Outbox
  /** From this many followers on, readers merge an author's photos until their push is complete. */
  fanoutShardThreshold: number
}

export function createDropBox({ db, outbox, fanoutShardThreshold }: DropBoxDeps): DropBox {
  return {
    async list(list, albumId) {
      const { query, viewer, limit } = list
      assertRoleMay((await findAlbum(query, viewer, albumId)).role, 'see the drop box of')
      const [before] = list.after(['string']) ?? [null]
      const rows = await query<Pick<DropBoxItemRow, 'photo_id' | 'name' | 'link_id' | 'created_at'>>({
        name: 'drop-box',
        text: LIST,
        values: [albumId, viewer.userId, before, limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.photo_id],
        async (shown) => {
          const ids = shown.map((row) => row.photo_id)
          const { cards } = await loadPhotoCards(query, viewer, ids)
          return shown.flatMap((row) => {
            const photo = cards.get(row.photo_id)
            return photo ? [{ photo, name: row.name, linkId: row.link_id, offeredAt: row.created_at }] : []
          })
        },
      )
    },

    async approve(viewer, albumId, photoId) {
      const outboxIds = await db.transaction(async (tx) => {
        const photo = await holdOffered(tx, viewer, albumId, photoId)
        if (photo.status === 'deleted') throw notFound('item')
        if (photo.status === 'ready') return []
        const album = await holdAlbum(tx, viewer, albumId)
        assertRoleMay(album.role, 'add photos to')
        const { score } = await makeReady(tx, photo, fanoutShardThreshold)
        // A statement of its own: the album may have got the photo while the one above waited for its lock.
        const there = await tx.query({ text: IS_THERE, values: [albumId, photoId] })
        if (there.length === 0) await addPhoto(tx, viewer, album, { photoId, score })
        const payload = { photoId, ownerId: viewer.userId }
        return [await addToOutbox(tx, { kind: 'photoChanged', payload })]
      })
      await outbox.dispatch(outboxIds)
    },

    async decline(viewer, albumId, photoId) {
      const outboxIds = await db.transaction(async (tx) => {
        const photo = await holdOffered(tx, viewer, albumId, photoId)
        if (photo.status === 'ready') throw notFound('item')
        return photo.status === 'deleted' ? [] : changePhotos(tx, [photo], { status: 'deleted' })
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

const IS_THERE = 'SELECT FROM album_photos WHERE album_id = $1 AND photo_id = $2'

// The photo before the album, as everywhere.
const HOLD = `
  SELECT p.photo_id AS "photoId", p.owner_id AS "ownerId", p.status, p.visibility
  FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
  WHERE d.photo_id = $1 AND d.album_id = $2 AND p.owner_id = $3 AND p.status IN ('offered', 'ready', 'deleted')
  FOR NO KEY UPDATE OF p`

/** @throws DarkroomError not_found, forbidden */
async function holdOffered(tx: Transaction, viewer: UserViewer, albumId: AlbumId, photoId: PhotoId) {
  assertRoleMay((await findAlbum(tx.query, viewer, albumId)).role, 'see the drop box of')
  const [row] = await tx.query<
    { photoId: PhotoId; ownerId: string } & Pick<PhotoRow, 'status' | 'visibility'>
  >({ text: HOLD, values: [photoId, albumId, viewer.userId] })
  if (!row) throw notFound('item')
  return row
}
