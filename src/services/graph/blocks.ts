import type { UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { Block } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { toAccount, type Account } from '../accounts/accounts.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { lockFeedStates } from '../distribution/feed-state.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import { accountPages } from './account-pages.ts'
import { lockAudience, revokeAudience } from './audience.ts'
import { deleteEdges, refuseOneself } from './edges.ts'
import { findToBlock } from './find-account.ts'

export interface Blocks {
  /**
   * Hides two accounts from each other, and ends the follows and requests between them. Idempotent; applies to the next
   * read of anybody.
   * @throws DarkroomError not_found, invalid for the viewer's own account
   */
  block(blockerId: UserId, username: string): Promise<void>
  /** Ends the blocker's side of it and restores nothing. Idempotent. @throws DarkroomError not_found */
  unblock(blockerId: UserId, username: string): Promise<void>
  /** The accounts that the viewer blocks, latest first. @throws DarkroomError bad_cursor */
  made(list: ListRead<UserViewer>): Promise<Page<Account>>
}

/** All of them, whatever has become of the accounts, so that every block can be ended. */
const made = accountPages({
  name: 'blocks-page',
  table: 'blocks',
  owner: 'blocker_id',
  other: 'blocked_id',
})

export function createBlocks({ db, outbox }: { db: Database; outbox: Outbox }): Blocks {
  return {
    async block(blockerId, username) {
      const blockedId = await findToBlock(db.primary, blockerId, username)
      refuseOneself(blockerId, blockedId, 'block')
      const outboxIds = await db.transaction(async (tx) => {
        await lockAudience(tx, blockerId)
        await lockFeedStates(tx, blockerId, blockedId)
        await run(
          tx.query,
          insertRow(Block, { blockerId, blockedId }).onConflict((conflict) => conflict.doNothing()),
        )
        const ended = await deleteEdges(tx, [
          { followerId: blockerId, followeeId: blockedId },
          { followerId: blockedId, followeeId: blockerId },
        ])
        return revokeAudience(tx, blockerId, ended)
      })
      await outbox.dispatch(outboxIds)
    },

    async unblock(blockerId, username) {
      await db.primary({
        text: 'DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2',
        values: [blockerId, await findToBlock(db.primary, blockerId, username)],
      })
    },

    made: (list) => made(list, list.viewer.userId, toAccount),
  }
}
