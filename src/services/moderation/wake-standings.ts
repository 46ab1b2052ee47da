import type { Sweep } from '../../contracts/housekeeping.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

const LATE_MINUTES = 10
const BATCH = 500

// Plan: the beginning of users_suspended_until_idx.
const LATE = `
  SELECT user_id FROM users WHERE suspended_until < now() - $1 * interval '1 minute' ORDER BY suspended_until LIMIT $2`

/** Wakes accountStanding of accounts whose suspension is over and stands: it may have been lost. */
export const wakeLateStandings = (primary: Query, starts: Pick<WorkflowStarts, 'deliver'>): Sweep => ({
  name: 'standings',
  summary: 'Wake accounts whose suspension should have ended',
  async run(signal) {
    const rows = await primary<{ user_id: UserId }>({ text: LATE, values: [LATE_MINUTES, BATCH] })
    for (const { user_id: userId } of rows) {
      signal?.throwIfAborted()
      await starts.deliver({ kind: 'standingChanged', payload: { userId } })
    }
    return rows.length
  },
})
