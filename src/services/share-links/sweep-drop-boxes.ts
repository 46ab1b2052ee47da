import type { Sweep } from '../../contracts/housekeeping.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import { changePhotos } from '../photos/change-photos.ts'

/** How long a photo waits in a drop box, and how long it is known afterwards that it did. */
const KEPT = `interval '30 days'`
/** How long it is known that a photo came to nothing. */
const FAILED_KEPT = `interval '1 day'`
const BATCH_PHOTOS = 100

// Plan: drop_box_items_created_idx or drop_box_items_album_idx. A photo that is being decided on is left to whoever decides.
const UNDECIDED = `
  SELECT d.photo_id AS "photoId", p.owner_id AS "ownerId" FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
  WHERE p.status = 'offered' AND (d.album_id IS NULL OR d.created_at < now() - ${KEPT})
  LIMIT $1 FOR NO KEY UPDATE OF p SKIP LOCKED`

// Plan: drop_box_items_created_idx.
const DECIDED = `
  DELETE FROM drop_box_items WHERE photo_id IN (
    SELECT d.photo_id FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
    WHERE d.created_at < now() - ${FAILED_KEPT} AND (p.status = 'failed'
      OR d.created_at < now() - ${KEPT} AND p.status IN ('ready', 'quarantined', 'trashed', 'deleted')) LIMIT $1)
  RETURNING 1`

/** Declines what nobody decides on, or can any more as the album is gone. The outbox relay wakes the photos' workflows. */
export const sweepDropBoxes = (db: Pick<Database, 'primary' | 'transaction'>): Sweep => ({
  name: 'dropBoxes',
  summary: 'Decline photos that waited in drop boxes for 30 days',
  async run(signal) {
    let swept = 0
    for (let batch = BATCH_PHOTOS; batch === BATCH_PHOTOS; swept += batch) {
      signal?.throwIfAborted()
      batch = await db.transaction(async (tx) => {
        const photos = await tx.query<{ photoId: PhotoId; ownerId: UserId }>({
          text: UNDECIDED,
          values: [BATCH_PHOTOS],
        })
        if (photos.length > 0) await changePhotos(tx, photos, { status: 'deleted' })
        return photos.length
      })
    }
    return swept + (await deleteInBatches(db.primary, DECIDED, signal))
  },
})
