import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { AccountChanges, Accounts, OwnAccount } from '../accounts/accounts.ts'
import { approveWaiting } from './approve-waiting.ts'

/**
 * Edits an account. One that turns private keeps its followers, and what was public is theirs alone from the next read on.
 * One that turns public approves the requests that wait (see {@link approveWaiting}).
 * @param guard gets the locked account before it is changed, and may throw
 */
export type EditAccount = (
  userId: UserId,
  changes: AccountChanges,
  guard?: (current: OwnAccount) => void,
) => Promise<OwnAccount>

export function createEditAccount({ db, accounts }: { db: Database; accounts: Accounts }): EditAccount {
  return (userId, changes, guard) =>
    db.transaction(
      async (tx) => {
        const account = await accounts.updateWithin(tx, userId, changes, guard)
        if (changes.isPrivate === false) await approveWaiting(tx, userId)
        return account
      },
      { narrows: changes.isPrivate === true },
    )
}
