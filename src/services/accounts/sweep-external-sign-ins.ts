import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: external_sign_ins_expiry_idx.
const EXPIRED = `
  DELETE FROM external_sign_ins WHERE handle_hash IN (
    SELECT handle_hash FROM external_sign_ins WHERE expires_at < now() LIMIT $1)
  RETURNING 1`

export const sweepExternalSignIns = (primary: Query): Sweep => ({
  name: 'external-sign-ins',
  summary: 'Delete sign-ins through providers that nobody finished in time',
  run: (signal) => deleteInBatches(primary, EXPIRED, signal),
})
