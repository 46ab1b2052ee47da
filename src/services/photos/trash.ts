import { notFound } from '../../domain/errors.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { belongsInFeeds } from '../../domain/visibility.ts'
import type { PhotoErasureRow, PhotoRow, TrashedPhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { isGone, isTakenDown } from '../../infra/db/rules.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { markInFlight } from '../distribution/in-flight-marks.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { changePhotos } from './change-photos.ts'
import { deleteForGood, putIntoTrash, type DeletedPhoto } from './delete-for-good.ts'
import { loadPhotoCard, loadTrashedCards, type PhotoCard } from './photo-cards.ts'

/** A photo in the trash, with the moment from which it cannot be restored any more. */
interface TrashedPhotoCard {
  photo: PhotoCard
  deletedAt: Date
  erasesAt: Date
}

/** The receipt of a photo that was deleted for good. */
type Erasure = Omit<PhotoErasureRow, 'owner_id'>

/** Photos that their owners deleted, and may restore for a while. Nobody else sees them, and nothing else shows them. */
export interface Trash {
  /** The viewer's, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<TrashedPhotoCard>>
  /** A photo that the viewer may see, or has in the trash; on the primary. @throws DarkroomError not_found */
  find(viewer: UserViewer, photoId: PhotoId): Promise<PhotoCard>
  /**
   * Puts a published photo into the trash: hidden from everyone with the commit, and restorable. One that never was published,
   * or was taken down, is deleted for good. @throws DarkroomError not_found
   */
  put(photo: PhotoCard): Promise<void>
  /** What is known of the viewer's photos that were deleted for good, latest first. @throws DarkroomError bad_cursor */
  erasures(list: ListRead<UserViewer>): Promise<Page<Erasure>>
  /** Brings a photo back as it was; one that moderation took down meanwhile, for its owner alone. One that is not in the trash stays as it is. @throws DarkroomError not_found */
  restore(photo: PhotoCard): Promise<PhotoCard>
}

// Walks trashed_photos_owner_idx from the cursor. What is due can no longer be restored.
const LIST = `
  SELECT t.photo_id, t.trashed_at, t.erases_at
  FROM trashed_photos t WHERE t.owner_id = $1 AND t.erases_at > now()
    AND ($2::bigint IS NULL OR (t.trashed_at, t.photo_id) < ('epoch'::timestamptz + $2 * interval '1 millisecond', $3::uuid))
  ORDER BY t.trashed_at DESC, t.photo_id DESC LIMIT $4`

// Walks photo_erasures_owner_idx from the cursor.
const ERASURES = `
  SELECT e.photo_id, e.requested_at, e.erased_at, e.objects, e.edge_paths, e.search_documents FROM photo_erasures e
  WHERE e.owner_id = $1
    AND ($2::bigint IS NULL OR (e.requested_at, e.photo_id) < ('epoch'::timestamptz + $2 * interval '1 millisecond', $3::uuid))
  ORDER BY e.requested_at DESC, e.photo_id DESC LIMIT $4`

/** When it was deleted, in ms since 1970, and its id. */
const POSITION = ['number', 'string'] as const

const LOCK = `
  SELECT owner_id, status, published_at FROM photos p WHERE photo_id = $1 AND NOT ${isGone('p')} FOR NO KEY UPDATE`

// The row of the trash is changed by those alone who hold the photo.
const LOCK_TRASHED = `
  SELECT owner_id, status, visibility, score FROM photos WHERE photo_id = $1 AND status <> 'deleted' FOR NO KEY UPDATE`
// After the photo is held: one that waits for it must see what was committed meanwhile.
const TRASHED = `
  SELECT erases_at <= now() AS is_due, ${isTakenDown('t.photo_id')} AS taken_down FROM trashed_photos t WHERE photo_id = $1`

type LockedPhoto = Pick<PhotoRow, 'owner_id' | 'status' | 'visibility' | 'score'>

export interface TrashDeps {
  db: Database
  outbox: Outbox
  /** From this many followers on, readers merge an author's photos until their push is complete. */
  fanoutShardThreshold: number
  keptDays: number
}

export function createTrash({ db, outbox, fanoutShardThreshold, keptDays }: TrashDeps): Trash {
  return {
    async list(list) {
      const { query, viewer, limit } = list
      const [place, photoId] = list.after(POSITION) ?? [null, null]
      const rows = await query<Omit<TrashedPhotoRow, 'owner_id'>>({
        name: 'trash',
        text: LIST,
        values: [viewer.userId, place, photoId, limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.trashed_at.getTime(), row.photo_id],
        async (shown) => {
          const ids = shown.map((row) => row.photo_id)
          const cards = await loadTrashedCards(query, viewer, ids)
          return shown.flatMap((row) => {
            const photo = cards.get(row.photo_id)
            return photo ? [{ photo, deletedAt: row.trashed_at, erasesAt: row.erases_at }] : []
          })
        },
      )
    },

    async find(viewer, photoId) {
      const cards = await loadTrashedCards(db.primary, viewer, [photoId], { orSeen: true })
      const card = cards.get(photoId)
      if (!card) throw notFound('photo')
      return card
    },

    async put({ photoId }) {
      const outboxIds = await db.transaction(async (tx) => {
        const [row] = await tx.query<DeletedPhoto>({ text: LOCK, values: [photoId] })
        if (!row) throw notFound('photo')
        return row.status === 'ready'
          ? putIntoTrash(tx, { photoId, ownerId: row.owner_id }, keptDays)
          : deleteForGood(tx, photoId, row)
      })
      await outbox.dispatch(outboxIds)
    },

    async erasures(list) {
      const [place, photoId] = list.after(POSITION) ?? [null, null]
      const rows = await list.query<Erasure>({
        name: 'erasures',
        text: ERASURES,
        values: [list.viewer.userId, place, photoId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.requested_at.getTime(), row.photo_id])
    },

    async restore({ photoId, owner }) {
      const outboxIds = await db.transaction(async (tx) => {
        const [row] = await tx.query<LockedPhoto>({ text: LOCK_TRASHED, values: [photoId] })
        if (!row) throw notFound('photo')
        if (row.status !== 'trashed') return []
        const [trashed] = await tx.query<{ is_due: boolean; taken_down: boolean }>({
          text: TRASHED,
          values: [photoId],
        })
        if (trashed?.is_due) throw notFound('photo')
        const status = trashed?.taken_down ? 'quarantined' : 'ready'
        const ids = await changePhotos(tx, [{ photoId, ownerId: row.owner_id }], { status })
        if (belongsInFeeds({ status, visibility: row.visibility })) {
          const restored = { photoId, ownerId: row.owner_id, score: Number(row.score) }
          await markInFlight(tx, restored, fanoutShardThreshold)
        }
        return ids
      })
      await outbox.dispatch(outboxIds)
      const card = await loadPhotoCard(db.primary, ownerOf(owner.userId), photoId)
      if (!card) throw notFound('photo')
      return card
    },
  }
}

const ownerOf = (userId: UserId): UserViewer => ({ kind: 'user', userId })
