import type { UserViewer } from '../../domain/viewer.ts'
import type { ModerationAppealRow, ModerationDecisionRow } from '../../entities/index.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

/** What was decided about one's own, with its reasons, and how to appeal. */
export type OwnDecision = Pick<
  ModerationDecisionRow,
  | 'decision_id'
  | 'subject_type'
  | 'subject_id'
  | 'action'
  | 'policy_id'
  | 'policy_version'
  | 'reason'
  | 'decided_as'
  | 'until'
  | 'strike_until'
  | 'reversed_at'
  | 'created_at'
> & {
  policy_title: string
  policy_text: string
  /** Null if it cannot be appealed, or no longer. */
  appeal_until: Date | null
  appeal: OwnAppeal | null
}

/** Times are ISO 8601. */
type OwnAppeal = Pick<ModerationAppealRow, 'text' | 'state' | 'answer'> & {
  answered_at: string | null
  created_at: string
}

// Walks moderation_decisions_owner_idx from the cursor; one probe of the case, the policy and the appeal each. A dismissal is no
// news to its owner: what it says to an appeal is the appeal's answer.
const OWN = `
  SELECT d.decision_id, d.subject_type, d.subject_id, d.action, d.policy_id, d.policy_version, d.reason, d.decided_as,
    d.until, d.strike_until, d.reversed_at, d.created_at, p.title AS policy_title, p.text AS policy_text,
    CASE WHEN c.state = 'decided' AND c.due_at > now() AND d.reversed_at IS NULL AND d.action <> 'restore'
      AND a.appeal_id IS NULL THEN c.due_at END AS appeal_until,
    CASE WHEN a.appeal_id IS NOT NULL THEN json_build_object('text', a.text, 'state', a.state, 'answer', a.answer,
      'answered_at', a.answered_at, 'created_at', a.created_at) END AS appeal
  FROM moderation_decisions d JOIN moderation_cases c USING (case_id)
  JOIN moderation_policies p ON p.policy_id = d.policy_id AND p.version = d.policy_version
  LEFT JOIN moderation_appeals a ON a.decision_id = d.decision_id
  WHERE d.owner_id = $1 AND d.action <> 'dismiss'
    AND ($2::bigint IS NULL OR (d.created_at, d.decision_id) < ('epoch'::timestamptz + $2 * interval '1 millisecond', $3::uuid))
  ORDER BY d.created_at DESC, d.decision_id DESC LIMIT $4`

/** What moderation decided about the account's own, latest first. @throws DarkroomError bad_cursor */
export async function readOwnDecisions(list: ListRead<UserViewer>): Promise<Page<OwnDecision>> {
  const [at, decisionId] = list.after(['number', 'string']) ?? [null, null]
  const rows = await list.query<OwnDecision>({
    name: 'own-decisions',
    text: OWN,
    values: [list.viewer.userId, at, decisionId, list.limit + 1],
  })
  return pageOfRows(list, rows, (row) => [row.created_at.getTime(), row.decision_id])
}
