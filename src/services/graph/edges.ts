import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { blockedEitherWay, follows, requests } from '../../infra/db/rules.ts'
import { changeCounters, type CounterChange } from '../accounts/counters.ts'
import { OWE_NOTIFICATIONS } from '../delivery/notification-events.ts'
import { bumpFeedEpoch } from '../distribution/feed-state.ts'

/** A follow, or the request for one. */
export interface Edge {
  followerId: UserId
  followeeId: UserId
}

/** What lies between two accounts. It stays so while the follower's feed is locked (`lockFeedStates`). */
export interface Standing {
  /** By either side. */
  blocked: boolean
  following: boolean
  requested: boolean
  followeeIsPrivate: boolean
  /** How many accounts the follower follows or has asked to follow, counted up to `countTo` of either. */
  taken: number
}

// Plan: a few probes, and two ranges of follows_pkey and follow_requests_pkey, index only.
const STANDING = `
  SELECT ${blockedEitherWay('$1::bigint', '$2::bigint')} AS blocked,
    ${follows('$1::bigint', '$2::bigint')} AS following,
    ${requests('$1::bigint', '$2::bigint')} AS requested,
    (SELECT is_private FROM users WHERE user_id = $2::bigint) AS "followeeIsPrivate",
    ((SELECT count(*) FROM (SELECT FROM follows WHERE follower_id = $1::bigint LIMIT $3::integer) followed)
      + (SELECT count(*) FROM (SELECT FROM follow_requests WHERE follower_id = $1::bigint LIMIT $3::integer) asked)
    )::integer AS taken`

/** @param countTo a follower with this many is at the limit, so that nobody counts further */
export async function readStanding(
  tx: Transaction,
  { followerId, followeeId }: Edge,
  countTo = 0,
): Promise<Standing> {
  const [row] = await tx.query<Standing & Record<string, unknown>>({
    name: 'standing',
    text: STANDING,
    values: [followerId, followeeId, countTo],
  })
  return row!
}

// Whoever has asked is told that they follow now; of others, the followee is.
const INSERT_EDGES = `
  WITH answered AS (
    DELETE FROM follow_requests WHERE followee_id = $1 AND follower_id = ANY ($2::bigint[]) RETURNING follower_id),
  inserted AS (
    INSERT INTO follows (follower_id, followee_id)
    SELECT follower_id, $1 FROM unnest($2::bigint[]) AS given (follower_id)
    ON CONFLICT DO NOTHING RETURNING follower_id, followee_id),
  owed AS (${OWE_NOTIFICATIONS}
    SELECT CASE WHEN i.has_asked THEN follower_id ELSE followee_id END,
      ARRAY[CASE WHEN i.has_asked THEN 'follow_approved' ELSE 'follow' END],
      CASE WHEN i.has_asked THEN followee_id ELSE follower_id END, NULL, NULL, NULL
    FROM (SELECT *, follower_id IN (SELECT follower_id FROM answered) AS has_asked FROM inserted) i)
  SELECT follower_id FROM inserted`

/** Makes these accounts followers of one, and ends their requests. Their feeds are locked. */
export async function insertEdges(
  tx: Transaction,
  followeeId: UserId,
  followerIds: readonly UserId[],
): Promise<void> {
  const inserted = await tx.query<{ follower_id: UserId }>({
    name: 'follow',
    text: INSERT_EDGES,
    values: [followeeId, followerIds],
  })
  await afterChange(
    tx,
    inserted.map(({ follower_id: followerId }) => ({ followerId, followeeId })),
    1,
  )
}

/** Ends follows and requests. The followers' feeds are locked. @returns the follows that there were */
export async function deleteEdges(tx: Transaction, edges: readonly Edge[]): Promise<Edge[]> {
  const deleted = await tx.query<{ follower_id: UserId; followee_id: UserId }>({
    name: 'unfollow',
    text: `WITH given AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS edge (follower_id, followee_id)),
             withdrawn AS (DELETE FROM follow_requests r USING given g
               WHERE r.follower_id = g.follower_id AND r.followee_id = g.followee_id)
           DELETE FROM follows f USING given g WHERE f.follower_id = g.follower_id AND f.followee_id = g.followee_id
           RETURNING f.follower_id, f.followee_id`,
    values: [edges.map((edge) => edge.followerId), edges.map((edge) => edge.followeeId)],
  })
  const ended = deleted.map((row) => ({ followerId: row.follower_id, followeeId: row.followee_id }))
  await afterChange(tx, ended, -1)
  return ended
}

async function afterChange(tx: Transaction, edges: readonly Edge[], by: 1 | -1): Promise<void> {
  if (edges.length === 0) return
  await bumpFeedEpoch(tx, ...new Set(edges.map((edge) => edge.followerId)))
  await changeCounters(
    tx,
    edges.flatMap(({ followerId, followeeId }): CounterChange[] => [
      { userId: followerId, following: by },
      { userId: followeeId, followers: by },
    ]),
  )
}

/** @throws DarkroomError invalid if someone names their own account */
export function refuseOneself(userId: UserId, otherId: UserId, verb: 'follow' | 'block' | 'mute'): void {
  if (userId !== otherId) return
  throw new DarkroomError('invalid', `You cannot ${verb} yourself.`, {
    fields: [{ path: 'params.username', message: 'Is yourself.' }],
  })
}
