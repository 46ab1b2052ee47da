import type { UserId } from '../../../src/domain/ids.ts'
import type { Database, Statement } from '../../../src/infra/db/database.ts'
import { createMutes } from '../../../src/services/graph/mutes.ts'
import { settle } from '../replica.ts'
import { usernameOf } from './accounts.ts'

/** By SQL: the service also ends the follows between the two, and so would not show what a block alone hides. */
export const block = (db: Database, blocker: UserId, blocked: UserId) =>
  commit(db, {
    text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    values: [blocker, blocked],
  })

/** Ends all blocks by this account. */
export const unblock = (db: Database, blocker: UserId) =>
  commit(db, { text: 'DELETE FROM blocks WHERE blocker_id = $1', values: [blocker] })

/** Until a moment, or for good. Resolves when the replica has it. */
export async function mute(
  db: Database,
  muter: UserId,
  muted: UserId,
  until: Date | null = null,
): Promise<void> {
  await createMutes({ db }).mute(muter, await usernameOf(db, muted), until)
  await settle(db)
}

export async function unmute(db: Database, muter: UserId, muted: UserId): Promise<void> {
  await createMutes({ db }).unmute(muter, await usernameOf(db, muted))
  await settle(db)
}

/** The next read, on the replica too, obeys it. */
async function commit(db: Database, statement: Statement): Promise<void> {
  await db.transaction((tx) => tx.query(statement), { narrows: true })
}
