import type { FanoutPlan } from '../../contracts/photo-fanout.ts'
import { BUCKET_COUNT } from '../../domain/buckets.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { belongsInFeeds } from '../../domain/visibility.ts'
import type { PhotoDistributionRow, PhotoRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'

export interface ShardingRule {
  /** A push to at least this many followers is split. */
  threshold: number
  /** The number of shards that it is split into. */
  shards: number
}

type PlanRow = Pick<PhotoRow, 'version' | 'access_epoch' | 'owner_id' | 'status' | 'visibility' | 'score'> &
  Pick<PhotoDistributionRow, 'distribution'> & { since_ms: number; followers: string }

const PLAN = `
  SELECT p.version, p.access_epoch, p.owner_id, p.status, p.visibility, p.score,
    CASE WHEN d.photo_id IS NULL THEN 'none' ELSE d.distribution END AS distribution,
    extract(epoch FROM coalesce(d.since, clock_timestamp()))::float8 * 1000 AS since_ms,
    (SELECT coalesce(sum(c.followers), 0) FROM user_counters c WHERE c.user_id = p.owner_id) AS followers
  FROM photos p LEFT JOIN photo_distribution d USING (photo_id) WHERE p.photo_id = $1`

/** The push or collection that a photo is owed now; `none` if its distribution is what its row asks for. */
export async function readPlan(primary: Query, photoId: PhotoId, rule: ShardingRule): Promise<FanoutPlan> {
  const [photo] = await primary<PlanRow>({ name: 'fanout-plan', text: PLAN, values: [photoId] })
  if (!photo || photo.score === null) return { desired: 'none' }
  const desired = belongsInFeeds(photo) ? 'push' : 'collect'
  if (photo.distribution === (desired === 'push' ? 'all' : 'none')) return { desired: 'none' }
  const followers = Number(photo.followers)
  return {
    desired,
    version: photo.version,
    accessEpoch: photo.access_epoch,
    score: Number(photo.score),
    ownerId: photo.owner_id,
    followers,
    buckets: BUCKET_COUNT,
    shards: followers >= rule.threshold ? rule.shards : 1,
    sinceMs: Math.round(photo.since_ms),
  }
}
