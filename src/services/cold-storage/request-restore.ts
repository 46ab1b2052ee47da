import { notFound } from '../../domain/errors.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { ColdOriginalRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'

/** Whether an owner can have an original at once, as they are told. */
export interface Availability {
  availability: ColdOriginalRow['state']
  requestedAt: Date | null
  /** When a restore that is under way is expected to be done. */
  expectedAt: Date | null
  /** Until when a restored original stays. */
  hotUntil: Date | null
}

/** The owner's side of restores; rights have been checked. */
export interface RestoreRequests {
  /** @throws DarkroomError not_found if there is no original */
  find(photoId: PhotoId): Promise<Availability>
  /** Asks for the original; one that is hot or under way stays as it is. @throws DarkroomError not_found */
  request(photoId: PhotoId, ownerId: UserId): Promise<Availability>
}

const HOT: Availability = { availability: 'hot', requestedAt: null, expectedAt: null, hotUntil: null }

// Plan: a probe of photos_pkey and of cold_originals_pkey.
const FIND = `
  SELECT c.state, c.requested_at, c.expected_at, c.hot_until
  FROM photos p LEFT JOIN cold_originals c USING (photo_id) WHERE p.photo_id = $1 AND p.blob_id IS NOT NULL`

type Found = Pick<ColdOriginalRow, 'requested_at' | 'expected_at' | 'hot_until'> & {
  state: ColdOriginalRow['state'] | null
}

export function createRestoreRequests({
  db,
  outbox,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Outbox
}): RestoreRequests {
  async function find(photoId: PhotoId): Promise<Availability> {
    const [row] = await db.primary<Found>({ name: 'original-availability', text: FIND, values: [photoId] })
    if (!row) throw notFound('original')
    if (row.state === null) return HOT
    const { state, requested_at: requestedAt, expected_at: expectedAt, hot_until: hotUntil } = row
    return { availability: state, requestedAt, expectedAt, hotUntil }
  }
  return {
    find,
    async request(photoId, ownerId) {
      const outboxIds = await db.transaction(async (tx) => {
        const asked = await tx.query({
          text: `UPDATE cold_originals SET state = 'restoring', requested_at = now(), expected_at = NULL
            WHERE photo_id = $1 AND state = 'cold' RETURNING 1`,
          values: [photoId],
        })
        if (asked.length === 0) return []
        return [await addToOutbox(tx, { kind: 'restoreRequested', payload: { photoId, ownerId } })]
      })
      await outbox.dispatch(outboxIds)
      return find(photoId)
    },
  }
}
