import { isUuid, type PhotoId, type UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { IDEMPOTENCY_KEPT_HOURS } from '../requests/idempotency.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

/** Sweeps delete in batches of this many rows or objects, so that none holds locks for long. */
const BATCH = 500
/** An upload URL may be used until it expires, and that PUT may go on; then nothing can arrive under its key any more. */
const AFTER_EXPIRY = `interval '1 hour'`
/** Objects without a row are nobody's, unless the database was restored or the bucket is shared: then a day tells. */
const UNKNOWN_KEPT_MS = 24 * 60 * 60 * 1000
/** Ended sessions are kept a while, so that the reuse of a stolen refresh token is still noticed. */
const SESSIONS_KEPT = `interval '7 days'`
/** A fanout that is owed for so long has no workflow, or one that is waiting; waking that does no harm. */
const FANOUT_OVERDUE = `interval '10 minutes'`

/** Sweeps of what nobody needs any more. Each returns how much it deleted, stops when the signal aborts, may run twice. */
export interface Housekeeping {
  sweepIncoming(signal?: AbortSignal): Promise<number>
  sweepIdempotencyKeys(signal?: AbortSignal): Promise<number>
  sweepSessions(signal?: AbortSignal): Promise<number>
  /** Starts the fanouts of photos that are owed one for long: its workflow was terminated, or the upload's before it began. */
  startOwedFanouts(signal?: AbortSignal): Promise<number>
}

interface Incoming {
  photoId: PhotoId
  lastModified: Date
}

export interface HousekeepingDeps {
  db: Database
  objects: ObjectStore
  starts: Pick<WorkflowStarts, 'reconcileDistribution'>
}

export function createHousekeeping({ db, objects, starts }: HousekeepingDeps): Housekeeping {
  async function deleteInBatches(text: string, signal?: AbortSignal): Promise<number> {
    let deleted = 0
    for (;;) {
      signal?.throwIfAborted()
      const rows = await db.primary({ text, values: [BATCH] })
      deleted += rows.length
      if (rows.length < BATCH) return deleted
    }
  }

  async function deleteClosed(found: readonly Incoming[]): Promise<number> {
    const rows = await db.primary<{ photo_id: PhotoId; is_closed: boolean }>({
      text: `SELECT photo_id, status NOT IN ('awaiting_upload', 'processing')
          AND upload_expires_at < now() - ${AFTER_EXPIRY} AS is_closed
        FROM photos WHERE photo_id = ANY ($1::uuid[])`,
      values: [found.map(({ photoId }) => photoId)],
    })
    const isClosed = new Map(rows.map((row) => [row.photo_id, row.is_closed]))
    const closed = found.filter(
      ({ photoId, lastModified }) =>
        isClosed.get(photoId) ?? Date.now() - lastModified.getTime() > UNKNOWN_KEPT_MS,
    )
    if (closed.length > 0) await objects.delete(closed.map(({ photoId }) => incomingKey(photoId)))
    return closed.length
  }

  return {
    async sweepIncoming(signal) {
      let deleted = 0
      let batch: Incoming[] = []
      for await (const { key, lastModified } of objects.list(incomingKey(''))) {
        signal?.throwIfAborted()
        const photoId = key.slice(incomingKey('').length)
        if (isUuid(photoId)) batch.push({ photoId, lastModified })
        if (batch.length < BATCH) continue
        deleted += await deleteClosed(batch)
        batch = []
      }
      return deleted + (batch.length > 0 ? await deleteClosed(batch) : 0)
    },

    // Plan: idempotency_keys_created_idx.
    sweepIdempotencyKeys: (signal) =>
      deleteInBatches(
        `DELETE FROM idempotency_keys WHERE (user_id, route, key) IN (
          SELECT user_id, route, key FROM idempotency_keys WHERE created_at < now() - interval '${IDEMPOTENCY_KEPT_HOURS} hours' LIMIT $1)
        RETURNING 1`,
        signal,
      ),

    // Plan: sessions_expiry_idx; refresh tokens go with their session.
    sweepSessions: (signal) =>
      deleteInBatches(
        `DELETE FROM sessions WHERE session_id IN (
          SELECT session_id FROM sessions WHERE expires_at < now() - ${SESSIONS_KEPT} LIMIT $1)
        RETURNING 1`,
        signal,
      ),

    async startOwedFanouts(signal) {
      let started = 0
      for (let after = { since: '-infinity', photoId: FIRST_PHOTO }; ;) {
        const owed = await db.primary<OwedFanout>({
          text: OWED,
          values: [BATCH, after.since, after.photoId],
        })
        for (const { photo_id: photoId, owner_id: ownerId, since } of owed) {
          signal?.throwIfAborted()
          await starts.reconcileDistribution({ photoId, ownerId })
          after = { since, photoId }
          started++
        }
        if (owed.length < BATCH) return started
      }
    },
  }
}

interface OwedFanout {
  photo_id: PhotoId
  owner_id: UserId
  since: string
}

const FIRST_PHOTO = '00000000-0000-0000-0000-000000000000'

// Those in flight are seen by every reader: their push runs, is held, or was cancelled by an operator.
// Plan: photo_distribution_owed_idx, and photos_pkey once a photo that is owed.
const OWED = `
  SELECT p.photo_id, p.owner_id, d.since::text AS since
  FROM photo_distribution d JOIN photos p USING (photo_id)
  WHERE d.distribution IS NULL AND p.score IS NOT NULL AND d.since < now() - ${FANOUT_OVERDUE}
    AND (d.since, d.photo_id) > ($2::timestamptz, $3::uuid)
    AND NOT EXISTS (SELECT FROM in_flight f WHERE f.photo_id = d.photo_id)
  ORDER BY d.since, d.photo_id LIMIT $1`
