import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { changeCounters } from '../accounts/counters.ts'
import { bumpFeedEpoch } from '../distribution/feed-state.ts'

export interface Follows {
  /** Idempotent. @throws DarkroomError not_found, invalid for oneself */
  follow(followerId: UserId, username: string): Promise<'following'>
  /** Idempotent; acts at the next read everywhere. @throws DarkroomError not_found */
  unfollow(followerId: UserId, username: string): Promise<void>
  /** The same from the other side: makes `username` stop following. @throws DarkroomError not_found */
  removeFollower(followeeId: UserId, username: string): Promise<void>
}

export function createFollows({ db }: { db: Database }): Follows {
  async function userIdOf(username: string): Promise<UserId> {
    const [row] = await db.primary<{ user_id: UserId }>({
      name: 'user-id-by-username',
      text: `SELECT user_id FROM users WHERE lower(username) = lower($1) AND status = 'active'`,
      values: [username],
    })
    if (!row) throw notFound('user')
    return row.user_id
  }

  const endEdge = (followerId: UserId, followeeId: UserId) =>
    db.transaction((tx) => deleteEdge(tx, followerId, followeeId), { narrows: true })

  return {
    async follow(followerId, username) {
      const followeeId = await userIdOf(username)
      if (followeeId === followerId) {
        throw new DarkroomError('invalid', 'One cannot follow oneself.', {
          fields: [{ path: 'params.username', message: 'Is yourself.' }],
        })
      }
      await db.transaction((tx) => insertEdge(tx, followerId, followeeId))
      return 'following'
    },
    async unfollow(followerId, username) {
      await endEdge(followerId, await userIdOf(username))
    },
    async removeFollower(followeeId, username) {
      await endEdge(await userIdOf(username), followeeId)
    },
  }
}

async function insertEdge(tx: Transaction, followerId: UserId, followeeId: UserId): Promise<void> {
  const inserted = await tx.query({
    text: 'INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
    values: [followerId, followeeId],
  })
  if (inserted.length > 0) await afterEdgeChange(tx, followerId, followeeId, 1)
}

async function deleteEdge(tx: Transaction, followerId: UserId, followeeId: UserId): Promise<void> {
  const deleted = await tx.query({
    text: 'DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING 1',
    values: [followerId, followeeId],
  })
  if (deleted.length > 0) await afterEdgeChange(tx, followerId, followeeId, -1)
}

/** Locks in one order everywhere: the edge, the follower's feed state, counters by (user, slot). */
async function afterEdgeChange(
  tx: Transaction,
  followerId: UserId,
  followeeId: UserId,
  by: 1 | -1,
): Promise<void> {
  await bumpFeedEpoch(tx, followerId)
  await changeCounters(tx, [
    { userId: followerId, following: by },
    { userId: followeeId, followers: by },
  ])
}
