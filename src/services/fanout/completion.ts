import type { DistributionPlan } from '../../contracts/photo-fanout.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { clearInFlight } from '../feed/in-flight.ts'

/** How often the replicas are looked at, and how long one try waits for them; the activity's retry goes on. */
const REPLAY_POLL_MS = 50
const REPLAY_PATIENCE_MS = 5_000

/**
 * Notes that all slices of a plan are written. A photo in flight stays so until every replica that follows the primary has
 * replayed the last of them, as a reader there would miss it otherwise.
 * @returns false if the photo is no longer as planned, and nothing was noted
 * @throws DarkroomError unavailable while a replica is behind
 */
export async function complete(db: Database, photoId: PhotoId, plan: DistributionPlan): Promise<boolean> {
  if (plan.desired === 'push' && (await isInFlight(db.primary, photoId))) await replicasReplayed(db.primary)
  return db.transaction(async ({ query }) => {
    const noted = await query({
      text: `UPDATE photos SET distribution = $3 WHERE photo_id = $1 AND version = $2 RETURNING photo_id`,
      values: [photoId, plan.version, plan.desired === 'push' ? 'all' : 'none'],
    })
    if (noted.length === 0) return false
    await clearInFlight(query, photoId, plan.version)
    return true
  })
}

/** Has readers merge the photo, as its push was ended before it was done; one that belongs in no feed needs none of it. */
export async function keepInFlight(db: Database, photoId: PhotoId): Promise<void> {
  await db.primary({
    text: `
      INSERT INTO in_flight (photo_id, owner_id, score)
      SELECT photo_id, owner_id, score FROM photos
      WHERE photo_id = $1 AND status = 'ready' AND visibility IN ('public', 'followers') AND distribution IS NULL
      FOR SHARE
      ON CONFLICT DO NOTHING`,
    values: [photoId],
  })
}

async function isInFlight(primary: Query, photoId: PhotoId): Promise<boolean> {
  const rows = await primary({ text: 'SELECT FROM in_flight WHERE photo_id = $1', values: [photoId] })
  return rows.length > 0
}

async function replicasReplayed(primary: Query): Promise<void> {
  const [position] = await primary<{ lsn: string }>({ text: 'SELECT pg_current_wal_lsn()::text AS lsn' })
  const deadline = performance.now() + REPLAY_PATIENCE_MS
  for (;;) {
    // One that takes a base backup replays nothing, and none reads from it. Who is away catches up before it serves.
    const behind = await primary({
      text: `SELECT FROM pg_stat_replication
        WHERE state IN ('streaming', 'catchup') AND replay_lsn >= $1::pg_lsn IS NOT TRUE`,
      values: [position!.lsn],
    })
    if (behind.length === 0) return
    if (performance.now() > deadline) {
      throw new DarkroomError('unavailable', 'A replica has not replayed the push yet.')
    }
    await new Promise((resolve) => setTimeout(resolve, REPLAY_POLL_MS))
  }
}
