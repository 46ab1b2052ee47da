import type { Sweep } from '../../contracts/housekeeping.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

const LATE_MINUTES = 10
const BATCH = 500

// Urgent cases that are overdue stand still. Plan: ranges of moderation_cases_queue_idx, and moderation_decisions_untold_idx.
const LATE = `
  SELECT c.case_id, c.owner_id, CASE c.subject_type WHEN 'photo' THEN c.subject_id END AS photo_id
  FROM moderation_cases c
  WHERE c.case_id IN (
    SELECT case_id FROM moderation_cases WHERE due_at < now() - $1 * interval '1 minute'
      AND (state = 'decided' AND priority = ANY ('{0,1,2,3}')
        OR state = ANY ('{open,appealed}') AND priority = ANY ('{1,2,3}'))
    UNION ALL
    SELECT case_id FROM moderation_decisions WHERE told_at IS NULL AND created_at < now() - $1 * interval '1 minute')
  LIMIT $2`

/** Wakes the workflows of cases that should have moved on: one of them may have been lost. */
export function wakeLateCases(primary: Query, starts: Pick<WorkflowStarts, 'deliver'>): Sweep {
  return {
    name: 'cases',
    summary: 'Wake cases of moderation that should have moved on',
    async run(signal) {
      const rows = await primary<{ case_id: string; owner_id: UserId; photo_id: PhotoId | null }>({
        text: LATE,
        values: [LATE_MINUTES, BATCH],
      })
      for (const { case_id: caseId, owner_id: ownerId, photo_id: photoId } of rows) {
        signal?.throwIfAborted()
        const payload = { caseId, ownerId, ...(photoId === null ? {} : { photoId }) }
        await starts.deliver({ kind: 'caseChanged', payload })
      }
      return rows.length
    },
  }
}
