import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

/** Ended sessions are kept a while, so that the reuse of a stolen refresh token is still noticed. */
const KEPT = `interval '7 days'`

// Plan: sessions_expiry_idx; refresh tokens go with their session.
const SWEEP = `
  DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE expires_at < now() - ${KEPT} LIMIT $1)
  RETURNING 1`

export const sweepSessions = (primary: Query): Sweep => ({
  name: 'sessions',
  summary: 'Delete sessions that have ended',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
