import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

/** The last follower of a batch, in the order (bucket, id). */
export interface BatchCursor {
  bucket: number
  followerId: UserId
}

export interface Batch {
  /** The batch begins after this follower; bucket −1 is the beginning, with the author's own feed. */
  after: BatchCursor
  /** The last bucket that the batch may reach. */
  lastBucket: number
  /** The most followers in the batch. */
  count: number
}

export interface BatchResult {
  /** The last follower of the batch; undefined if it is empty. */
  last: BatchCursor | undefined
  /** Followers seen, enrolled or not; fewer than asked for on the last batch. */
  followers: number
  /** The users whose feeds the batch covered. */
  feeds: UserId[]
}

interface FannedPhoto {
  photoId: PhotoId
  score: number
  ownerId: UserId
}

// Both statements begin with a batch of followers, by an index-only scan of follows_fanout_idx, and with the feeds that
// it concerns. The first batch includes the author's own feed.
const batch = (whose: string) => `
  WITH batch AS MATERIALIZED (
    SELECT f.follower_bucket, f.follower_id FROM follows f
    WHERE f.followee_id = $1::bigint AND (f.follower_bucket, f.follower_id) > ($2::smallint, $3::bigint)
      AND f.follower_bucket <= $7::smallint
    ORDER BY f.follower_bucket, f.follower_id LIMIT $4::integer
  ), feeds AS MATERIALIZED (${whose})`

const RESULT = `
  SELECT (SELECT count(*)::integer FROM batch) AS followers,
    (SELECT coalesce(array_agg(user_id::text), '{}') FROM feeds) AS feeds,
    last.follower_bucket AS bucket, last.follower_id
  FROM (SELECT) one
  LEFT JOIN (SELECT * FROM batch ORDER BY follower_bucket DESC, follower_id DESC LIMIT 1) last ON true`

// The statement begins after the commit of the photo was seen, so that someone who follows or enrols later finds the
// photo in their own rebuild. Plan: one probe of feed_state_pkey for each follower (LIMIT 1 keeps the planner from
// hashing all of feed_state for a batch of a celebrity), and an insert into feed_items_pkey. Measured: 16 ms for a
// batch of 1,000, all enrolled.
const WRITE_BATCH = `
  ${batch(`
    SELECT batch.follower_id AS user_id FROM batch
    CROSS JOIN LATERAL (SELECT FROM feed_state s WHERE s.user_id = batch.follower_id AND s.enrolled LIMIT 1) enrolled
    UNION ALL
    SELECT user_id FROM feed_state WHERE user_id = $1::bigint AND enrolled AND $2::smallint < 0`)},
  written AS (
    INSERT INTO feed_items (user_id, score, photo_id)
    SELECT user_id, $5::bigint, $6::uuid FROM feeds ORDER BY user_id
    ON CONFLICT DO NOTHING
  ) ${RESULT}`

// Collects from all followers, because someone who was un-enrolled may still have rows that no sweep has deleted. Plan:
// one probe of feed_items_pkey for each feed.
const COLLECT_BATCH = `
  ${batch(`
    SELECT follower_id AS user_id FROM batch
    UNION ALL SELECT $1::bigint WHERE $2::smallint < 0`)},
  removed AS (
    DELETE FROM feed_items USING feeds
    WHERE feed_items.user_id = feeds.user_id AND feed_items.score = $5::bigint AND feed_items.photo_id = $6::uuid
  ) ${RESULT}`

/** Writes a photo's rows for the enrolled followers of a batch. */
export function writeBatch(tx: Transaction, photo: FannedPhoto, of: Batch): Promise<BatchResult> {
  return run(tx, WRITE_BATCH, photo, of)
}

/** Deletes a photo's rows for all followers of a batch. */
export function collectBatch(tx: Transaction, photo: FannedPhoto, of: Batch): Promise<BatchResult> {
  return run(tx, COLLECT_BATCH, photo, of)
}

interface PageRow {
  followers: number
  feeds: UserId[]
  bucket: number | null
  follower_id: UserId | null
}

async function run(
  tx: Transaction,
  text: string,
  photo: FannedPhoto,
  { after, lastBucket, count }: Batch,
): Promise<BatchResult> {
  const [row] = await tx.query<PageRow>({
    text,
    values: [photo.ownerId, after.bucket, after.followerId, count, photo.score, photo.photoId, lastBucket],
  })
  const { followers, feeds, bucket, follower_id } = row!
  const last = bucket === null || follower_id === null ? undefined : { bucket, followerId: follower_id }
  return { last, followers, feeds }
}
