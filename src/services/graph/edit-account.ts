import { invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { AccountChanges, Accounts, OwnAccount } from '../accounts/accounts.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { approveWaiting } from './approve-waiting.ts'

/**
 * Edits an account. One that turns private keeps its followers, and what was public is theirs alone from the next read on.
 * One that turns public approves the requests that wait (see {@link approveWaiting}).
 * @param guard gets the locked account before it is changed, and may throw
 * @throws DarkroomError invalid if texts are to be read, and the installation reads none
 */
export type EditAccount = (
  userId: UserId,
  changes: AccountChanges,
  guard?: (current: OwnAccount) => void,
) => Promise<OwnAccount>

export function createEditAccount({
  db,
  accounts,
  outbox,
  mayReadTexts = true,
}: {
  db: Database
  accounts: Accounts
  outbox: Outbox
  mayReadTexts?: boolean
}): EditAccount {
  return async (userId, changes, guard) => {
    if (changes.readTextInPhotos && !mayReadTexts)
      throw invalidField('body.readTextInPhotos', 'This installation reads no text in photos.')
    const { account, outboxIds } = await db.transaction(async (tx) => {
      let before: OwnAccount | undefined
      const account = await accounts.updateWithin(tx, userId, changes, (current) => {
        guard?.(current)
        before = current
      })
      const isMoved = account.isPrivate !== before?.isPrivate
      if (isMoved && !account.isPrivate) await approveWaiting(tx, userId)
      const isForgotten = before?.readTextInPhotos === true && !account.readTextInPhotos
      if (!isMoved && !isForgotten) return { account, outboxIds: [] }
      // Edges, search documents and the requests that are left follow in accountSync.
      return { account, outboxIds: [await addToOutbox(tx, { kind: 'accountChanged', payload: { userId } })] }
    })
    await outbox.dispatch(outboxIds)
    return account
  }
}
