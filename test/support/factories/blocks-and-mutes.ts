import type { UserId } from '../../../src/domain/ids.ts'
import type { Database, Statement } from '../../../src/infra/db/database.ts'

// By SQL: no service blocks or mutes accounts yet. Each commits so that the next read, on the replica too, obeys it.

export const block = (db: Database, blocker: UserId, blocked: UserId) =>
  commit(db, {
    text: 'INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)',
    values: [blocker, blocked],
  })

/** Ends all blocks by this account. */
export const unblock = (db: Database, blocker: UserId) =>
  commit(db, { text: 'DELETE FROM blocks WHERE blocker_id = $1', values: [blocker] })

/** @param until from now, as an interval of SQL; for good without it */
export const mute = (db: Database, muter: UserId, muted: UserId, until: string | null = null) =>
  commit(db, {
    text: `INSERT INTO mutes (muter_id, muted_id, until) VALUES ($1, $2, now() + $3::interval)
           ON CONFLICT (muter_id, muted_id) DO UPDATE SET until = excluded.until`,
    values: [muter, muted, until],
  })

/** Ends all mutes by this account. */
export const unmute = (db: Database, muter: UserId) =>
  commit(db, { text: 'DELETE FROM mutes WHERE muter_id = $1', values: [muter] })

async function commit(db: Database, statement: Statement): Promise<void> {
  await db.transaction((tx) => tx.query(statement), { narrows: true })
}
