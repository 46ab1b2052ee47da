import type { Sweep } from '../../contracts/housekeeping.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'

const BATCH_PHOTOS = 500
/** A fanout owed for this long has no workflow, or one that waits and may be woken safely. */
const OVERDUE = `interval '10 minutes'`

interface OwedFanout {
  photo_id: PhotoId
  owner_id: UserId
  since: string
}

const FIRST_PHOTO = '00000000-0000-0000-0000-000000000000'

// Photos in flight do not count: every reader sees them, and their push runs, is paused or was cancelled by an
// operator. Plan: photo_distribution_owed_idx, and one probe of photos_pkey for each photo found.
const OWED = `
  SELECT p.photo_id, p.owner_id, d.since::text AS since
  FROM photo_distribution d JOIN photos p USING (photo_id)
  WHERE d.distribution IS NULL AND p.score IS NOT NULL AND d.since < now() - ${OVERDUE}
    AND (d.since, d.photo_id) > ($2::timestamptz, $3::uuid)
    AND NOT EXISTS (SELECT FROM in_flight f WHERE f.photo_id = d.photo_id)
  ORDER BY d.since, d.photo_id LIMIT $1`

/**
 * Starts the fanouts of photos that have been owed one for long, because the workflow of the fanout was terminated, or
 * that of the upload before it began.
 * @param start starts a photo's fanout, or wakes it
 */
export function startOwedFanouts(
  primary: Query,
  start: (photo: { photoId: PhotoId; ownerId: UserId }) => Promise<void>,
): Sweep {
  return {
    name: 'fanouts',
    summary: 'Start fanouts that are owed for long',
    async run(signal) {
      let started = 0
      for (let after = { since: '-infinity', photoId: FIRST_PHOTO }; ;) {
        const values = [BATCH_PHOTOS, after.since, after.photoId]
        const owed = await primary<OwedFanout>({ text: OWED, values })
        for (const { photo_id: photoId, owner_id: ownerId, since } of owed) {
          signal?.throwIfAborted()
          await start({ photoId, ownerId })
          after = { since, photoId }
          started++
        }
        if (owed.length < BATCH_PHOTOS) return started
      }
    },
  }
}
