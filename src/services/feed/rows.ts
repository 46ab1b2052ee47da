import type { FeedPosition, FeedScan } from '../../domain/feed-page.ts'
import type { UserId } from '../../domain/ids.ts'
import type { FeedStateRow } from '../../entities/index.ts'
import type { OrNull } from '../../entities/row.ts'
import type { Query } from '../../infra/db/database.ts'
import { PULL, pullValues, toPosition, type ItemRow } from './pull.ts'

/** What the rows say about a feed below a position. */
export interface RowsRead {
  /** Undefined unless the rows are complete for the viewer's epoch; `end` is false where they reach no further down. */
  scan: FeedScan | undefined
  /** How many accounts the viewer follows, on which the cost of a pull depends. */
  following: number
}

// The claim and the rows in one snapshot. Plan: feed_state_pkey, at most 16 counters, and a backward scan of a range in
// one partition's key.
const READ_ROWS = `
  SELECT state.claimed, state.rows_from, item.photo_id, item.score,
    (SELECT coalesce(sum(c.following), 0) FROM user_counters c WHERE c.user_id = $1::bigint) AS following
  FROM (SELECT s.rows_epoch = s.epoch AS claimed, s.rows_from
    FROM (SELECT) one LEFT JOIN feed_state s ON s.user_id = $1::bigint) state
  LEFT JOIN LATERAL (
    SELECT i.photo_id, i.score FROM feed_items i
    WHERE state.claimed AND i.user_id = $1::bigint AND (i.score, i.photo_id) < ($2::bigint, $3::uuid)
      AND i.score >= state.rows_from
    ORDER BY i.score DESC, i.photo_id DESC LIMIT $4::integer) item ON true
  ORDER BY item.score DESC, item.photo_id DESC`

type ClaimedRow = OrNull<{ claimed: boolean } & Pick<FeedStateRow, 'rows_from'> & ItemRow> & {
  following: string
}

/** Reads at most `count` photos of the feed below `position` from the stored rows, as far down as they are complete. */
export async function readRows(
  query: Query,
  userId: UserId,
  position: FeedPosition | undefined,
  count: number,
): Promise<RowsRead> {
  const rows = await query<ClaimedRow>({
    name: 'feed-rows',
    text: READ_ROWS,
    values: pullValues(userId, position, count),
  })
  const { claimed, rows_from, following } = rows[0]!
  if (!claimed) return { scan: undefined, following: Number(following) }
  const candidates = rows.flatMap(({ photo_id, score }) =>
    photo_id === null || score === null ? [] : [toPosition({ photo_id, score })],
  )
  const end = Number(rows_from) === 0 && candidates.length < count
  return { scan: { candidates, end }, following: Number(following) }
}

// One statement, and so one snapshot for the epoch and the photos; the update checks the epoch again under the lock of
// the row. A photo published after the snapshot is pushed, because the user is enrolled; an edge added after it raises
// the epoch.
const MATERIALISE = `
  WITH state AS MATERIALIZED (
    SELECT epoch FROM feed_state WHERE user_id = $1::bigint AND enrolled
  ), newest_items AS MATERIALIZED (
    SELECT feed.photo_id, feed.score FROM state CROSS JOIN (${PULL}) feed
  ), written AS (
    INSERT INTO feed_items (user_id, score, photo_id)
    SELECT $1::bigint, score, photo_id FROM newest_items ON CONFLICT DO NOTHING
  )
  UPDATE feed_state s
  SET rows_epoch = state.epoch,
    rows_from = CASE WHEN (SELECT count(*) FROM newest_items) < $4::integer THEN 0
      ELSE (SELECT min(score) + 1 FROM newest_items) END
  FROM state WHERE s.user_id = $1::bigint AND s.enrolled AND s.epoch = state.epoch
  RETURNING s.rows_from`

/**
 * Stores the newest `count` photos of a feed as rows and claims that they are complete for the epoch of the same
 * snapshot. The claim holds from `rows_from` on, one above the lowest stored score, because other photos of that score
 * may be missing.
 *
 * @returns false, without a claim, if the user is not enrolled or the epoch has moved meanwhile
 */
export async function materialise(primary: Query, userId: UserId, count: number): Promise<boolean> {
  const claimed = await primary({
    name: 'feed-materialise',
    text: MATERIALISE,
    values: pullValues(userId, undefined, count),
  })
  return claimed.length === 1
}
