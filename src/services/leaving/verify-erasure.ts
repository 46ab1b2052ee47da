import type { Database } from '../../infra/db/database.ts'
import { erasureLeftovers } from '../../observability/leaving-events.ts'
import { ERASURE_PLAN, type TablePlan } from './erasure-plan.ts'
import type { Erased } from './erase/step.ts'

/** Counted no further: a receipt says how many were removed, and of what stays about how many. */
const MAX_COUNTED = 10_000

const VERIFIED = `
  INSERT INTO account_erasure_items AS i (erasure_id, store, what, kept, verified_at)
  SELECT $1::uuid, store, what, kept, now() FROM unnest($2::text[], $3::text[], $4::bigint[]) AS given (store, what, kept)
  ON CONFLICT (erasure_id, store, what) DO UPDATE SET kept = excluded.kept, verified_at = excluded.verified_at`

/** These go with the account itself, at the very end. */
const LAST = ['users', 'user_counters', 'user_photo_counts', 'user_storage']

/**
 * Looks at every table again, whatever was done before.
 * @returns the tables in which something is left that should not be; none if all is verified, which the receipt then says
 */
export type VerifyErasure = (account: Erased) => Promise<string[]>

export function createVerifyErasure({ db }: { db: Pick<Database, 'primary'> }): VerifyErasure {
  async function count(table: string, condition: string, userId: string): Promise<number> {
    const [row] = await db.primary<{ found: number }>({
      text: `SELECT count(*)::int AS found FROM (SELECT FROM ${table} WHERE ${condition} LIMIT ${MAX_COUNTED}) f`,
      values: [userId],
    })
    return row!.found
  }

  return async ({ erasureId, userId }) => {
    const left: string[] = []
    const verified: { table: string; kept: number }[] = []
    for (const [table, plan] of Object.entries(ERASURE_PLAN)) {
      if ('impersonal' in plan || LAST.includes(table)) continue
      const { erased, kept } = conditionsOf(plan)
      if (erased !== undefined && (await count(table, erased, userId)) > 0) left.push(table)
      else verified.push({ table, kept: kept === undefined ? 0 : await count(table, kept, userId) })
    }
    if (left.length > 0) {
      erasureLeftovers()
      return left
    }
    const elsewhere = [
      { store: 'redis', what: 'keys' },
      { store: 'opensearch', what: 'photo documents' },
      { store: 'bucket', what: 'objects' },
      { store: 'bucket', what: 'exports' },
      { store: 'edges', what: 'cached images' },
      { store: 'temporal', what: 'workflow executions' },
    ]
    const items = [
      ...verified.map(({ table, kept }) => ({ store: 'postgres', what: table, kept })),
      // Their steps end only once they find nothing more.
      ...elsewhere.map((item) => ({ ...item, kept: 0 })),
    ]
    await db.primary({
      text: VERIFIED,
      values: [
        erasureId,
        items.map((item) => item.store),
        items.map((item) => item.what),
        items.map((item) => item.kept),
      ],
    })
    return []
  }
}

function conditionsOf(plan: Exclude<TablePlan, { impersonal: string }>) {
  const id = '$1::bigint'
  return {
    erased: 'erased' in plan ? plan.erased(id) : undefined,
    kept: 'kept' in plan ? plan.kept(id) : undefined,
  }
}
