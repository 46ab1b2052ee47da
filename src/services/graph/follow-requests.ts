import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Database } from '../../infra/db/database.ts'
import { accountVisibleTo } from '../../infra/db/rules.ts'
import { toAccount, type Account } from '../accounts/accounts.ts'
import { lockFeedStates } from '../distribution/feed-state.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import { accountPages, LIST_VIEWER } from './account-pages.ts'
import { insertEdges, readStanding } from './edges.ts'
import { findAccount } from './find-account.ts'

export interface FollowRequests {
  /** The accounts that ask to follow the viewer and exist for them, latest first. @throws DarkroomError bad_cursor */
  received(list: ListRead<UserViewer>): Promise<Page<Account>>
  /**
   * Makes an account that asked a follower. Idempotent. The request has counted as a followee of theirs, so approving
   * it never exceeds their limit.
   * @throws DarkroomError not_found if they neither ask nor follow
   */
  approve(userId: UserId, username: string): Promise<void>
  /** Ends a request without an answer that the other side could see. Idempotent. @throws DarkroomError not_found */
  decline(userId: UserId, username: string): Promise<void>
}

const received = accountPages({
  name: 'follow-requests-page',
  table: 'follow_requests',
  owner: 'followee_id',
  other: 'follower_id',
  listed: accountVisibleTo('u', LIST_VIEWER),
})

export function createFollowRequests({ db }: { db: Database }): FollowRequests {
  const find = (userId: UserId, username: string) =>
    findAccount(db.primary, { kind: 'user', userId }, username)

  return {
    received: (list) => received(list, list.viewer.userId, toAccount),

    async approve(userId, username) {
      const followerId = await find(userId, username)
      await db.transaction(async (tx) => {
        await lockFeedStates(tx, followerId)
        const standing = await readStanding(tx, { followerId, followeeId: userId })
        if (standing.following) return
        if (standing.blocked || !standing.requested) throw notFound('follow request')
        await insertEdges(tx, userId, [followerId])
      })
    },

    async decline(userId, username) {
      await db.primary({
        text: 'DELETE FROM follow_requests WHERE followee_id = $1 AND follower_id = $2',
        values: [userId, await find(userId, username)],
      })
    },
  }
}
