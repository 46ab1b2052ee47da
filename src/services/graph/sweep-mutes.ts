import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: mutes_until_idx. The outer condition is judged again on a row that was renewed while the DELETE waited for it.
const SWEEP = `
  DELETE FROM mutes WHERE until < now() AND (muter_id, muted_id) IN (
    SELECT muter_id, muted_id FROM mutes WHERE until < now() LIMIT $1)
  RETURNING 1`

export const sweepMutes = (primary: Query): Sweep => ({
  name: 'mutes',
  summary: 'Delete mutes that have run out',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
