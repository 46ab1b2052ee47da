import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import { IDEMPOTENCY_KEPT_HOURS } from './idempotency.ts'

// Plan: idempotency_keys_created_idx.
const SWEEP = `
  DELETE FROM idempotency_keys WHERE (user_id, route, key) IN (
    SELECT user_id, route, key FROM idempotency_keys WHERE created_at < now() - interval '${IDEMPOTENCY_KEPT_HOURS} hours' LIMIT $1)
  RETURNING 1`

export const sweepIdempotencyKeys = (primary: Query): Sweep => ({
  name: 'idempotencyKeys',
  summary: 'Delete answers kept for longer than a day',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
