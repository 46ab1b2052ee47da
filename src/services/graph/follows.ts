import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_FOLLOWING } from '../../domain/limits.ts'
import { FollowRequest } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { oweNotification } from '../delivery/notification-events.ts'
import { lockFeedStates } from '../distribution/feed-state.ts'
import { lockAudience, revokeAudience } from './audience.ts'
import { deleteEdges, insertEdges, readStanding, refuseOneself, type Edge } from './edges.ts'
import { findAccount } from './find-account.ts'
import { holdPrivacy } from './privacy.ts'

export interface Follows {
  /**
   * Follows a public account at once, and requests to follow a private one. Idempotent.
   * @throws DarkroomError not_found, invalid for the viewer's own account, quota_exceeded
   */
  follow(followerId: UserId, username: string): Promise<'following' | 'requested'>
  /** Withdraws a request as well. Idempotent; applies to the next read. @throws DarkroomError not_found */
  unfollow(followerId: UserId, username: string): Promise<void>
  /** The same from the other side: makes `username` stop following. @throws DarkroomError not_found */
  removeFollower(followeeId: UserId, username: string): Promise<void>
}

export interface FollowsDeps {
  db: Database
  outbox: Outbox
  maxFollowing?: number
}

export function createFollows({ db, outbox, maxFollowing = MAX_FOLLOWING }: FollowsDeps): Follows {
  const find = (userId: UserId, username: string) =>
    findAccount(db.primary, { kind: 'user', userId }, username)

  return {
    async follow(followerId, username) {
      const followeeId = await find(followerId, username)
      refuseOneself(followerId, followeeId, 'follow')
      return db.transaction((tx) => followWithin(tx, { followerId, followeeId }, maxFollowing))
    },
    async unfollow(followerId, username) {
      const edge = { followerId, followeeId: await find(followerId, username) }
      await db.transaction(async (tx) => {
        await lockFeedStates(tx, followerId)
        await deleteEdges(tx, [edge])
      })
    },
    async removeFollower(followeeId, username) {
      const followerId = await find(followeeId, username)
      const outboxIds = await db.transaction(async (tx) => {
        await lockAudience(tx, followeeId)
        await lockFeedStates(tx, followerId)
        return revokeAudience(tx, followeeId, await deleteEdges(tx, [{ followerId, followeeId }]))
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

async function followWithin(
  tx: Transaction,
  edge: Edge,
  maxFollowing: number,
): Promise<'following' | 'requested'> {
  await holdPrivacy(tx, edge.followeeId)
  await lockFeedStates(tx, edge.followerId)
  const { blocked, following, requested, followeeIsPrivate, taken } = await readStanding(
    tx,
    edge,
    maxFollowing,
  )
  if (blocked) throw notFound('user')
  if (following) return 'following'
  if (requested && followeeIsPrivate) return 'requested'
  // A request has a place already, which its follow takes over.
  if (!requested && taken >= maxFollowing) throw tooMany(maxFollowing)
  if (followeeIsPrivate) {
    await run(tx.query, insertRow(FollowRequest, edge))
    await oweNotification(tx, {
      recipientId: edge.followeeId,
      kind: 'follow_request',
      actorId: edge.followerId,
    })
    return 'requested'
  }
  await insertEdges(tx, edge.followeeId, [edge.followerId])
  return 'following'
}

function tooMany(maxFollowing: number): DarkroomError {
  return new DarkroomError(
    'quota_exceeded',
    `You follow, or have asked to follow, ${maxFollowing} accounts; unfollow some first.`,
  )
}
