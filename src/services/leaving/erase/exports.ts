import type { Database, Transaction } from '../../../infra/db/database.ts'
import type { ObjectStore } from '../../../infra/s3/object-store.ts'
import { addToOutbox, type Outbox } from '../../delivery/outbox.ts'
import { removeArchive } from '../../exports/remove-archive.ts'
import { countRemoved, deleteCounted, type Erased, type ErasureStep } from './step.ts'

type Exports = readonly { export_id: string }[]

/** Exports of which the storage is asked at a time. */
const BATCH_EXPORTS = 50

// Plan of each: account_exports_user_idx; an account has a hundred at most.
const STOP = `
  UPDATE account_exports SET status = 'deleted' WHERE user_id = $1 AND status IN ('preparing', 'ready') RETURNING export_id`
const STORED = 'SELECT FROM account_exports WHERE user_id = $1 AND emptied_at IS NULL LIMIT 1'
const EMPTY = `
  SELECT export_id FROM account_exports WHERE user_id = $1 AND emptied_at IS NOT NULL ORDER BY export_id LIMIT $2`
const FORGET = `DELETE FROM account_exports WHERE export_id IN (${EMPTY}) RETURNING 1`

/**
 * Ends the account's exports as their owner would: their own workflows delete what is stored of them, after whatever they have under
 * way. Then the storage is asked about each once more, and its row goes.
 */
export const eraseExports = ({
  db,
  outbox,
  bucket,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  bucket: Pick<ObjectStore, 'listUnfinished' | 'abortParts' | 'delete'>
}): ErasureStep => ({
  name: 'exports',
  async next(account) {
    await outbox.dispatch(await db.transaction((tx) => stop(tx, account)))
    const stored = await db.primary({ text: STORED, values: [account.userId] })
    if (stored.length > 0) return 'waiting'
    const empty = await db.primary<Exports[number]>({ text: EMPTY, values: [account.userId, BATCH_EXPORTS] })
    for (const { export_id: exportId } of empty) await removeArchive(bucket, exportId)
    const removed = await deleteCounted(db.primary, account, {
      table: 'account_exports',
      deletion: FORGET,
      limit: BATCH_EXPORTS,
    })
    return removed === BATCH_EXPORTS ? 'more' : 'done'
  },
})

/** @returns the outbox messages to dispatch after the commit */
async function stop(tx: Transaction, account: Erased): Promise<string[]> {
  const { userId: ownerId } = account
  const stopped = await tx.query<Exports[number]>({ text: STOP, values: [ownerId] })
  await countRemoved(tx.query, account, { store: 'bucket', what: 'exports', removed: stopped.length })
  const outboxIds: string[] = []
  for (const { export_id: exportId } of stopped)
    outboxIds.push(await addToOutbox(tx, { kind: 'exportChanged', payload: { exportId, ownerId } }))
  return outboxIds
}
