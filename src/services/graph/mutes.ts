import type { UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { Mute } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { profileVisibleTo } from '../../infra/db/rules.ts'
import { toAccount, type Account } from '../accounts/accounts.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import { accountPages, LIST_VIEWER } from './account-pages.ts'
import { refuseOneself } from './edges.ts'
import { findProfile } from './find-account.ts'

interface MutedAccount {
  account: Account
  /** When the mute runs out; null if it stays until it is ended. */
  until: Date | null
}

export interface Mutes {
  /**
   * Keeps an account's photos off the pages of the viewer's feed, and the account out of their notifications, until a moment in
   * the future or for good (null). Replaces an earlier mute.
   * @throws DarkroomError not_found, invalid for the viewer's own account
   */
  mute(muterId: UserId, username: string, until: Date | null): Promise<void>
  /** Idempotent. @throws DarkroomError not_found */
  unmute(muterId: UserId, username: string): Promise<void>
  /** The accounts that the viewer mutes now and whose profile they may see, latest first. @throws DarkroomError bad_cursor */
  made(list: ListRead<UserViewer>): Promise<Page<MutedAccount>>
}

const made = accountPages<{ until: Date | null }>({
  name: 'mutes-page',
  table: 'mutes',
  owner: 'muter_id',
  other: 'muted_id',
  listed: `(r.until IS NULL OR r.until > now()) AND ${profileVisibleTo('u', LIST_VIEWER)}`,
  columns: ', r.until',
})

export function createMutes({ db }: { db: Database }): Mutes {
  return {
    async mute(muterId, username, until) {
      const mutedId = await findProfile(db.primary, muterId, username)
      refuseOneself(muterId, mutedId, 'mute')
      await run(
        db.primary,
        insertRow(Mute, { muterId, mutedId, until }).onConflict((conflict) =>
          conflict.columns(['muter_id', 'muted_id']).doUpdateSet({ until }),
        ),
      )
    },

    async unmute(muterId, username) {
      await db.primary({
        text: 'DELETE FROM mutes WHERE muter_id = $1 AND muted_id = $2',
        values: [muterId, await findProfile(db.primary, muterId, username)],
      })
    },

    made: (list) => made(list, list.viewer.userId, (row) => ({ account: toAccount(row), until: row.until })),
  }
}
