import type { ErasureState } from '../../contracts/account-erasure.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'

interface Open {
  erasure_id: string
  is_started: boolean
  ms_left: number
}

const HOLD = 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE'
const OPEN = `
  SELECT erasure_id, started_at IS NOT NULL AS is_started,
    ceil(extract(epoch FROM starts_at - clock_timestamp()) * 1000)::float8 AS ms_left
  FROM account_erasures WHERE user_id = $1 AND completed_at IS NULL`
const START = 'UPDATE account_erasures SET started_at = now() WHERE erasure_id = $1'
// Plan: webhooks_user_idx. What its photos go through is queued for none of them any more.
const END_WEBHOOKS = `
  UPDATE webhooks SET disabled_at = now(), disabled_reason = 'owner' WHERE user_id = $1 AND disabled_at IS NULL`

/**
 * Starts the erasure of an account if it is time, by the clock of the database, and ends its webhooks. The account is held, as a sign-in holds it: exactly one
 * of the two comes first, and the other finds what it did.
 */
export type BeginErasure = (userId: UserId) => Promise<ErasureState>

export const createBeginErasure =
  ({ db }: { db: Pick<Database, 'transaction'> }): BeginErasure =>
  (userId) =>
    db.transaction(async ({ query }) => {
      await query({ text: HOLD, values: [userId] })
      const [open] = await query<Open & Record<string, unknown>>({ text: OPEN, values: [userId] })
      if (!open) return { state: 'none' }
      if (!open.is_started && open.ms_left > 0) return { state: 'waiting', msLeft: open.ms_left }
      if (!open.is_started) {
        await query({ text: START, values: [open.erasure_id] })
        await query({ text: END_WEBHOOKS, values: [userId] })
      }
      return { state: 'begun', erasureId: open.erasure_id }
    })
