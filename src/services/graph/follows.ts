import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { changeCounters } from '../accounts/counters.ts'
import { bumpFeedEpoch } from '../distribution/feed-state.ts'
import { findAccount } from './find-account.ts'

export interface Follows {
  /**
   * Follows a public account at once, and requests to follow a private one. Idempotent.
   * @throws DarkroomError not_found, invalid for the viewer's own account
   */
  follow(followerId: UserId, username: string): Promise<'following' | 'requested'>
  /** Withdraws a request as well. Idempotent; applies to the next read. @throws DarkroomError not_found */
  unfollow(followerId: UserId, username: string): Promise<void>
  /** The same from the other side: makes `username` stop following. @throws DarkroomError not_found */
  removeFollower(followeeId: UserId, username: string): Promise<void>
}

export function createFollows({ db }: { db: Database }): Follows {
  const find = (userId: UserId, username: string) =>
    findAccount(db.primary, { kind: 'user', userId }, username)

  const endEdge = (followerId: UserId, followeeId: UserId) =>
    db.transaction((tx) => deleteEdge(tx, followerId, followeeId), { narrows: true })

  return {
    async follow(followerId, username) {
      const followeeId = await find(followerId, username)
      if (followeeId === followerId) {
        throw new DarkroomError('invalid', 'You cannot follow yourself.', {
          fields: [{ path: 'params.username', message: 'Is yourself.' }],
        })
      }
      return db.transaction(async (tx) => {
        if (await isPrivate(tx, followeeId)) return request(tx, followerId, followeeId)
        await insertEdge(tx, followerId, followeeId)
        return 'following'
      })
    },
    async unfollow(followerId, username) {
      await endEdge(followerId, await find(followerId, username))
    },
    async removeFollower(followeeId, username) {
      await endEdge(await find(followeeId, username), followeeId)
    },
  }
}

/** The lock keeps an account from becoming private between this answer and the edge that it allows. */
async function isPrivate(tx: Transaction, userId: UserId): Promise<boolean> {
  const [account] = await tx.query<{ is_private: boolean }>({
    text: 'SELECT is_private FROM users WHERE user_id = $1 FOR SHARE',
    values: [userId],
  })
  return account?.is_private ?? false
}

async function request(
  tx: Transaction,
  followerId: UserId,
  followeeId: UserId,
): Promise<'following' | 'requested'> {
  const following = await tx.query({
    text: 'SELECT 1 FROM follows WHERE follower_id = $1 AND followee_id = $2',
    values: [followerId, followeeId],
  })
  if (following.length > 0) return 'following'
  await tx.query({
    text: 'INSERT INTO follow_requests (follower_id, followee_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [followerId, followeeId],
  })
  return 'requested'
}

async function insertEdge(tx: Transaction, followerId: UserId, followeeId: UserId): Promise<void> {
  await deleteRequest(tx, followerId, followeeId)
  const inserted = await tx.query({
    text: 'INSERT INTO follows (follower_id, followee_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
    values: [followerId, followeeId],
  })
  if (inserted.length > 0) await afterEdgeChange(tx, followerId, followeeId, 1)
}

async function deleteEdge(tx: Transaction, followerId: UserId, followeeId: UserId): Promise<void> {
  await deleteRequest(tx, followerId, followeeId)
  const deleted = await tx.query({
    text: 'DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING 1',
    values: [followerId, followeeId],
  })
  if (deleted.length > 0) await afterEdgeChange(tx, followerId, followeeId, -1)
}

async function deleteRequest(tx: Transaction, followerId: UserId, followeeId: UserId): Promise<void> {
  await tx.query({
    text: 'DELETE FROM follow_requests WHERE follower_id = $1 AND followee_id = $2',
    values: [followerId, followeeId],
  })
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
