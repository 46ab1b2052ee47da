import type { DistributionPlan } from '../../contracts/photo-fanout.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { hasReplayed, standbyNamesHold, walPosition } from '../../infra/db/replica.ts'
import { feedable } from '../../infra/db/rules.ts'
import { clearInFlight } from './in-flight-marks.ts'
import { readPlan } from './plan.ts'

/** The replica is a few ms behind; an attempt that waits longer gives up its slot and is retried. */
const REPLAY_POLL_MS = 10
const REPLAY_PATIENCE_MS = 300
const RETRY_SECONDS = 1

/**
 * Records that all slices of a plan are written. A photo stays in flight until the replica has replayed the last of
 * them, because a reader there would miss it otherwise.
 * @returns false, with nothing recorded, if the photo has changed since the plan
 * @throws DarkroomError unavailable while the replica is behind
 */
export async function complete(db: Database, photoId: PhotoId, plan: DistributionPlan): Promise<boolean> {
  if (plan.desired === 'push' && (await isInFlight(db.primary, photoId))) await replicaReplayed(db)
  return db.transaction(async ({ query }) => {
    const noted = await query({
      text: `
        WITH held AS (SELECT photo_id FROM photos WHERE photo_id = $1 AND version = $2 FOR SHARE)
        INSERT INTO photo_distribution (photo_id, distribution, since)
        SELECT photo_id, $3, clock_timestamp() FROM held
        ON CONFLICT (photo_id) DO UPDATE SET distribution = excluded.distribution RETURNING photo_id`,
      values: [photoId, plan.version, plan.desired === 'push' ? 'all' : 'none'],
    })
    if (noted.length === 0) return false
    await clearInFlight(query, photoId, plan.version)
    return true
  })
}

/** Makes readers merge a photo whose push was paused or cancelled, if it still belongs in feeds. */
export async function keepInFlight(db: Database, photoId: PhotoId): Promise<void> {
  await db.transaction(async ({ query }) => {
    // A separate statement, so that the snapshot of the next one includes what was committed while this one waited.
    await query({ text: 'SELECT FROM photos WHERE photo_id = $1 FOR SHARE', values: [photoId] })
    await query({
      text: `
        INSERT INTO in_flight (photo_id, owner_id, score)
        SELECT p.photo_id, p.owner_id, p.score FROM photos p JOIN photo_distribution d USING (photo_id)
        WHERE p.photo_id = $1 AND ${feedable('p')} AND d.distribution IS NULL
        ON CONFLICT DO NOTHING`,
      values: [photoId],
    })
  })
}

/**
 * Whether a push or collection of the photo is still to come. A push of a photo in flight does not count: an operator
 * may have cancelled it, and readers merge the photo meanwhile.
 */
export async function isDistributionOwed(primary: Query, photoId: PhotoId): Promise<boolean> {
  const { desired } = await readPlan(primary, photoId, UNSHARDED)
  return desired === 'collect' || (desired === 'push' && !(await isInFlight(primary, photoId)))
}
const UNSHARDED = { threshold: Infinity, shards: 1 }

async function isInFlight(primary: Query, photoId: PhotoId): Promise<boolean> {
  const rows = await primary({ text: 'SELECT FROM in_flight WHERE photo_id = $1', values: [photoId] })
  return rows.length > 0
}

async function replicaReplayed({ primary, rotation }: Database): Promise<void> {
  const position = await walPosition(primary)
  const deadline = performance.now() + REPLAY_PATIENCE_MS
  while (!(await isSafe(primary, rotation.replicaName, position))) {
    if (performance.now() > deadline) {
      throw new DarkroomError('unavailable', 'The replica has not replayed the push yet.', {
        retryAfterSeconds: RETRY_SECONDS,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, REPLAY_POLL_MS))
  }
}

/**
 * Whether no reader can miss what was written before `lsn`: the replica has replayed it, or nobody reads there. Other
 * standbys (archivers, backups) do not count. A disconnected replica does, because it may be read until the keeper has
 * dismissed it.
 */
async function isSafe(primary: Query, replicaName: string, lsn: string): Promise<boolean> {
  const [row] = await primary<{ safe: boolean }>({
    text: `SELECT NOT ${standbyNamesHold('$1::text')} OR EXISTS (
        SELECT FROM pg_stat_replication s WHERE s.application_name = $1 AND ${hasReplayed('s', '$2')}) AS safe`,
    values: [replicaName, lsn],
  })
  return row!.safe
}
