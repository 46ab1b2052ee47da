import type { FeedPosition, FeedScan } from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import type { FeedItemRow, FeedStateRow } from '../../entities/index.ts'
import type { OrNull } from '../../entities/row.ts'
import type { Query } from '../../infra/db/database.ts'
import { feedable, mutes } from '../../infra/db/rules.ts'

/** Above every position, for reading from the top: the largest bigint and UUID. */
const TOP = { score: '9223372036854775807', photoId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

// Plan: `newest` probes photos_feed_idx once for each followee, index only, for their newest photo below the cursor. Of
// the best $4 authors, at most $4 photos each are read by index, and none older than the newest photo of the $4-th
// author, because $4 photos lie at or above that one. Following 5,000 thus costs 5,000 probes instead of 5,000 × $4
// rows. Measured over 200,000 photos: a page of 20 takes 2 ms for 150 followees and 35 ms for 5,000, a head of 200
// takes 6 and 40 ms.
const pull = (followees: string) => `
  WITH authors AS (
    ${followees}
    UNION ALL SELECT $1::bigint
  ), newest AS MATERIALIZED (
    SELECT a.author_id, n.score, n.photo_id
    FROM authors a CROSS JOIN LATERAL (
      SELECT p.score, p.photo_id FROM photos p
      WHERE p.owner_id = a.author_id AND ${feedable('p')} AND (p.score, p.photo_id) < ($2::bigint, $3::uuid)
      ORDER BY p.score DESC, p.photo_id DESC LIMIT 1) n
    ORDER BY n.score DESC, n.photo_id DESC LIMIT $4::integer
  ), lowest AS MATERIALIZED (
    SELECT CASE WHEN count(*) = $4::integer THEN min(score) ELSE 0 END AS score FROM newest
  )
  SELECT item.photo_id, item.score
  FROM newest CROSS JOIN LATERAL (
    SELECT p.score, p.photo_id FROM photos p
    WHERE p.owner_id = newest.author_id AND ${feedable('p')}
      AND (p.score, p.photo_id) <= (newest.score, newest.photo_id)
      AND p.score >= (SELECT score FROM lowest)
    ORDER BY p.score DESC, p.photo_id DESC LIMIT $4::integer) item
  ORDER BY item.score DESC, item.photo_id DESC LIMIT $4::integer`

const FOLLOWEES = `SELECT followee_id AS author_id FROM follows WHERE follower_id = $1::bigint`

/** Membership without mutes. Heads and rows are made of it, because they outlast a mute. */
export const PULL = pull(FOLLOWEES)

// A page leaves muted authors out before they cost a probe of photos; otherwise many of them could leave it empty.
// Plan: an anti-join with the viewer's own mutes, which are read once.
const PULL_PAGE = pull(`${FOLLOWEES} AND NOT ${mutes('$1::bigint', 'followee_id')}`)

// One statement for the epoch and the photos, and so one snapshot.
const SNAPSHOT = `
  SELECT state.epoch, state.enrolled, feed.photo_id, feed.score
  FROM (SELECT s.epoch, s.enrolled FROM (SELECT) one LEFT JOIN feed_state s ON s.user_id = $1::bigint) state
  LEFT JOIN LATERAL (${PULL}) feed ON true
  ORDER BY feed.score DESC, feed.photo_id DESC`

export type ItemRow = Pick<FeedItemRow, 'photo_id' | 'score'>

/** Either part may be absent. */
type SnapshotRow = OrNull<Pick<FeedStateRow, 'epoch' | 'enrolled'> & ItemRow>

/**
 * The tier that is always right: at most `count` photos of the feed below `position`, from follows and photos, without
 * muted authors.
 */
export async function pullFeed(
  query: Query,
  userId: UserId,
  position: FeedPosition | undefined,
  count: number,
): Promise<FeedScan> {
  const rows = await query<ItemRow>({
    name: 'feed-pull',
    text: PULL_PAGE,
    values: pullValues(userId, position, count),
  })
  return { candidates: rows.map(toPosition), end: rows.length < count }
}

/** What a head is built from. */
export interface FeedSnapshot {
  epoch: number
  enrolled: boolean
  /** The newest `count` photos, or all if there are fewer. */
  items: FeedPosition[]
}

/** A user's feed epoch and newest photos in one snapshot. */
export async function readSnapshot(query: Query, userId: UserId, count: number): Promise<FeedSnapshot> {
  const rows = await query<SnapshotRow>({
    name: 'feed-snapshot',
    text: SNAPSHOT,
    values: pullValues(userId, undefined, count),
  })
  const items = rows.flatMap(({ photo_id, score }) =>
    photo_id === null || score === null ? [] : [toPosition({ photo_id, score })],
  )
  return { epoch: Number(rows[0]?.epoch ?? 0), enrolled: rows[0]?.enrolled ?? false, items }
}

/** The parameters of {@link PULL}. */
export function pullValues(userId: UserId, position: FeedPosition | undefined, count: number): unknown[] {
  const { score, photoId } = position ?? TOP
  return [userId, score, photoId, count]
}

export function toPosition(row: ItemRow): FeedPosition {
  return { photoId: row.photo_id, score: Number(row.score) }
}
