import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: security_events_created_idx.
const SWEEP = `
  DELETE FROM security_events WHERE security_event_id IN (
    SELECT security_event_id FROM security_events WHERE created_at < now() - interval '90 days' LIMIT $1)
  RETURNING 1`

export const sweepSecurityEvents = (primary: Query): Sweep => ({
  name: 'securityEvents',
  summary: 'Delete security events after 90 days',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
