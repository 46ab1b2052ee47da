import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Database } from '../../infra/db/database.ts'
import { isUnderReview } from '../../infra/db/rules.ts'
import { changePhotos, type ChangedPhoto } from './change-photos.ts'

const BATCH_PHOTOS = 100

// Plan: trashed_photos_due_idx, and one probe of photos_pkey and moderation_cases_open_key each. One that is being restored or erased
// is left to whoever does.
const DUE = `
  SELECT p.photo_id AS "photoId", p.owner_id AS "ownerId" FROM trashed_photos t JOIN photos p ON p.photo_id = t.photo_id
  WHERE t.erases_at <= now() AND p.status = 'trashed'
    AND NOT (t.trashed_at > now() - $2 * interval '1 day' AND ${isUnderReview('photo', 'p.photo_id')})
  ORDER BY t.erases_at
  LIMIT $1 FOR NO KEY UPDATE OF p SKIP LOCKED`

/**
 * Deletes for good what was in the trash for its time. The outbox relay wakes the photos' workflows.
 * @param evidenceDays for so long after their deletion, photos under review stay
 */
export const sweepTrash = (db: Pick<Database, 'transaction'>, evidenceDays: number): Sweep => ({
  name: 'trash',
  summary: 'Erase photos whose time in the trash is over',
  async run(signal) {
    let swept = 0
    for (let batch = BATCH_PHOTOS; batch === BATCH_PHOTOS; swept += batch) {
      signal?.throwIfAborted()
      batch = await db.transaction(async (tx) => {
        const photos = await tx.query<ChangedPhoto & Record<string, unknown>>({
          text: DUE,
          values: [BATCH_PHOTOS, evidenceDays],
        })
        if (photos.length > 0) await changePhotos(tx, photos, { status: 'deleted' })
        return photos.length
      })
    }
    return swept
  },
})
