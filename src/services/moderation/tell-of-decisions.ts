import type { Transaction } from '../../infra/db/database.ts'
import { OWE_NOTIFICATIONS } from '../delivery/notification-events.ts'

// Locked by the case. Plan: moderation_decisions_case_idx.
const UNTOLD = `
  UPDATE moderation_decisions SET told_at = now() WHERE case_id = $1 AND told_at IS NULL
  RETURNING decision_id`

// A case that was dismissed before it came to a measure is no news to its owner.
const TELL_OWNER = `
  ${OWE_NOTIFICATIONS}
  SELECT d.owner_id, ARRAY['moderation_decision'], NULL, NULL, NULL, d.decision_id
  FROM moderation_decisions d WHERE d.decision_id = ANY ($1::uuid[])
    AND (d.action <> 'dismiss' OR EXISTS (
      SELECT FROM moderation_appeals a JOIN moderation_decisions e USING (decision_id) WHERE e.case_id = d.case_id))`

// Plan: reports_case_id_reporter_id_key. That an appeal was rejected changes nothing for them, and what automatic moderation takes
// back is decided by people where there are reports.
const TELL_REPORTERS = `
  ${OWE_NOTIFICATIONS}
  SELECT r.reporter_id, ARRAY['report_outcome'], NULL, NULL, NULL, d.decision_id
  FROM moderation_decisions d JOIN reports r ON r.case_id = d.case_id
  WHERE d.decision_id = ANY ($1::uuid[])
    AND (d.decided_as <> 'classifier' OR (d.action <> 'restore' AND d.reversed_at IS NULL))
    AND (d.action <> 'dismiss' OR NOT EXISTS (
      SELECT FROM moderation_appeals a JOIN moderation_decisions e USING (decision_id) WHERE e.case_id = d.case_id))`

/**
 * Owes the owner and the reporters of a case, which the transaction holds, the news of each decision that they have not been
 * told of. What is told and that it was told are one transaction, so that it happens once.
 */
export async function tellOfDecisions(tx: Transaction, caseId: string): Promise<void> {
  const untold = await tx.query<{ decision_id: string }>({ text: UNTOLD, values: [caseId] })
  if (untold.length === 0) return
  const values = [untold.map((row) => row.decision_id)]
  await tx.query({ text: TELL_OWNER, values })
  await tx.query({ text: TELL_REPORTERS, values })
}
