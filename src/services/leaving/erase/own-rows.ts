import type { Database } from '../../../infra/db/database.ts'
import { ERASURE_PLAN } from '../erasure-plan.ts'
import { deleteCounted, type ErasureStep } from './step.ts'

const BATCH_ROWS = 500

/** Deletes the rows that nothing else depends on, table by table. */
export const eraseOwnRows = ({ db }: { db: Pick<Database, 'primary'> }): ErasureStep => ({
  name: 'rows',
  async next(account) {
    for (const [table, plan] of Object.entries(ERASURE_PLAN)) {
      if (!('key' in plan) || plan.key === undefined) continue
      const deletion = `DELETE FROM ${table} WHERE (${plan.key}) IN (
        SELECT ${plan.key} FROM ${table} WHERE ${plan.erased('$1::bigint')} LIMIT $2) RETURNING 1`
      const removed = await deleteCounted(db.primary, account, { table, deletion, limit: BATCH_ROWS })
      if (removed === BATCH_ROWS) return 'more'
    }
    return 'done'
  },
})
