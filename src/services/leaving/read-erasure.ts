import { timingSafeEqual } from 'node:crypto'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import { RECEIPT_DAYS, type ErasureStore } from '../../domain/leaving.ts'
import type { AccountErasureItemRow, AccountErasureRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { ERASURE_PLAN } from './erasure-plan.ts'
import { hashOfSecret } from './request-erasure.ts'

/** What was removed from one place of a store. */
interface RemovedItem {
  what: string
  removed: number
  verifiedAt: Date | null
}

export interface ReadErasure {
  erasureId: string
  state: 'waiting' | 'running' | 'done'
  requestedAt: Date
  startsAt: Date
  completedAt: Date | null
  /** Until when it can be read; null until it is complete. */
  expiresAt: Date | null
  stores: { store: ErasureStore; items: RemovedItem[] }[]
  kept: { what: string; count: number; why: string; until: Date | null }[]
}

/** Where an erasure is, and what it has removed. @throws DarkroomError not_found, alike for a wrong secret and an unknown id */
export type ReadErasureOf = (erasureId: string, secret: string) => Promise<ReadErasure>

// Plan: account_erasures_pkey; account_erasure_items_pkey.
const FIND = `
  SELECT erasure_id, secret_hash, requested_at, starts_at, started_at, completed_at, kept_until,
    completed_at + $2 * interval '1 day' AS expires_at
  FROM account_erasures WHERE erasure_id = $1 AND (completed_at IS NULL OR completed_at > now() - $2 * interval '1 day')`
const ITEMS = `
  SELECT store, what, removed, kept, verified_at FROM account_erasure_items WHERE erasure_id = $1 ORDER BY store, what`

/** Compared with where there is no erasure, so that it takes as long. */
const NO_HASH = Buffer.alloc(32)

type Found = Pick<
  AccountErasureRow,
  'erasure_id' | 'secret_hash' | 'requested_at' | 'starts_at' | 'started_at' | 'completed_at' | 'kept_until'
> & { expires_at: Date | null }

export function createReadErasure({ primary }: { primary: Query }): ReadErasureOf {
  return async (erasureId, secret) => {
    const [row] = await primary<Found>({ text: FIND, values: [erasureId, RECEIPT_DAYS] })
    const isTheirs = timingSafeEqual(row?.secret_hash ?? NO_HASH, hashOfSecret(secret))
    if (!row || !isTheirs) throw notFound('erasure')
    const items = await primary<AccountErasureItemRow>({ text: ITEMS, values: [erasureId] })
    const byStore = Map.groupBy(items, (item) => item.store)
    return {
      erasureId: row.erasure_id,
      state: row.completed_at ? 'done' : row.started_at ? 'running' : 'waiting',
      requestedAt: row.requested_at,
      startsAt: row.starts_at,
      completedAt: row.completed_at,
      expiresAt: row.expires_at,
      stores: [...byStore].map(([store, of]) => ({
        store,
        items: of.map((item) => ({
          what: item.what,
          removed: Number(item.removed),
          verifiedAt: item.verified_at,
        })),
      })),
      kept: items
        .filter((item) => Number(item.kept) > 0)
        .map((item) => ({
          what: item.what,
          count: Number(item.kept),
          why: whyKept(item.what),
          until: untilOf(item.what, row),
        })),
    }
  }
}

function whyKept(table: string): string {
  const plan = ERASURE_PLAN[table]
  if (!plan || !('why' in plan) || plan.why === undefined)
    throw new DarkroomError('internal', `the plan does not say why ${table} keeps something`)
  return plan.why
}

/** What stands for the sake of others, or is chained, has no end that could be told. */
function untilOf(table: string, { kept_until: keptUntil }: Found): Date | null {
  const plan = ERASURE_PLAN[table]
  return plan && 'stays' in plan && plan.stays ? null : keptUntil
}
