import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../domain/ids.ts'
import { APPEAL_WINDOW_MS, SLA_MS, type CaseState, type ModerationSubject } from '../../domain/moderation.ts'
import {
  ModerationDecision,
  type ModerationCaseRow,
  type ModerationDecisionRow,
} from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { oweCaseChange } from './open-case.ts'

/** Decisions of automatic moderation that no longer hold, all about one subject. */
interface Overtaken {
  subject: ModerationSubject
  ownerId: UserId
  decisions: readonly Pick<ModerationDecisionRow, 'decision_id' | 'case_id'>[]
  /** What the owner is told, also as the answer to an appeal. */
  reason: string
}

interface TakenBack {
  caseIds: string[]
  /** To dispatch after the commit. */
  outboxIds: string[]
}

// The subject's case that is not closed is locked too: whoever goes on may need it, and the audit log is locked after all cases.
// Plan: moderation_cases_pkey and moderation_cases_open_key.
const LOCK = `
  SELECT FROM moderation_cases
  WHERE case_id = ANY ($1::uuid[]) OR (subject_type = $2 AND subject_id = $3 AND state <> 'closed')
  ORDER BY case_id FOR UPDATE`

const REVERSE = `
  UPDATE moderation_decisions SET reversed_at = now() WHERE decision_id = ANY ($1::uuid[]) AND reversed_at IS NULL
  RETURNING decision_id, case_id, policy_id, policy_version`

const GRANT = `
  UPDATE moderation_appeals SET state = 'granted', answer = $2, answered_at = now()
  WHERE decision_id = ANY ($1::uuid[]) AND state = 'pending'`

/**
 * Reverses decisions of automatic moderation, whose measures are taken back beside this: each case gets a decision to restore, of
 * which its owner is told, and an appeal that waits for an answer is granted. The subject is locked.
 */
export async function takeBack(
  tx: Transaction,
  { subject, ownerId, decisions, reason }: Overtaken,
): Promise<TakenBack> {
  const caseIds = [...new Set(decisions.map((decision) => decision.case_id))].sort()
  if (caseIds.length === 0) return { caseIds, outboxIds: [] }
  await tx.query({ text: LOCK, values: [caseIds, subject.type, subject.id] })
  const reversed = await tx.query<Reversed>({
    text: REVERSE,
    values: [decisions.map((decision) => decision.decision_id)],
  })
  await tx.query({ text: GRANT, values: [reversed.map((decision) => decision.decision_id), reason] })
  const outboxIds: string[] = []
  for (const caseId of caseIds) {
    const last = reversed.findLast((decision) => decision.case_id === caseId)
    if (!last) continue
    await recordRestoration(tx, { subject, ownerId, reason, ...last })
    await moveOn(tx, caseId)
    outboxIds.push(await oweCaseChange(tx, caseId, subject, ownerId))
  }
  return { caseIds, outboxIds }
}

type Reversed = Pick<ModerationDecisionRow, 'decision_id' | 'case_id' | 'policy_id' | 'policy_version'>

async function recordRestoration(
  tx: Transaction,
  { subject, ownerId, reason, ...reversed }: Reversed & Pick<Overtaken, 'subject' | 'ownerId' | 'reason'>,
): Promise<void> {
  const restoration = {
    decisionId: uuidv7(),
    caseId: reversed.case_id,
    subjectType: subject.type,
    subjectId: subject.id,
    ownerId,
    action: 'restore',
    policyId: reversed.policy_id,
    policyVersion: reversed.policy_version,
    reason,
    decidedAs: 'classifier',
  } as const
  await run(
    tx.query,
    insertRow(ModerationDecision, restoration, [
      'decidedBy',
      'until',
      'strikeUntil',
      'reversedAt',
      'toldAt',
      'retractedAt',
    ]),
  )
}

// What is left of the case: the latest measure that stands, an appeal against one, and reports that no person has answered.
// Plan: moderation_cases_pkey, and moderation_decisions_case_idx thrice.
const LEFT = `
  SELECT c.state, c.priority, clock_timestamp() AS now,
    (SELECT max(d.created_at) FROM moderation_decisions d
      WHERE d.case_id = c.case_id AND d.action IN ('limit', 'takedown', 'suspend') AND d.reversed_at IS NULL) AS measure_at,
    EXISTS (SELECT FROM moderation_decisions d JOIN moderation_appeals a USING (decision_id)
      WHERE d.case_id = c.case_id AND a.state = 'pending') AS is_appealed,
    c.report_count > 0 AND NOT EXISTS (SELECT FROM moderation_decisions d
      WHERE d.case_id = c.case_id AND d.decided_as <> 'classifier') AS is_unanswered
  FROM moderation_cases c WHERE c.case_id = $1`

const MOVE_ON = `
  UPDATE moderation_cases SET state = $2, due_at = coalesce($3, due_at),
    closed_at = CASE WHEN $2 = 'closed' THEN now() END, claimed_by = NULL, claimed_until = NULL
  WHERE case_id = $1`

type Left = Pick<ModerationCaseRow, 'state' | 'priority'> & {
  now: Date
  measure_at: Date | null
  is_appealed: boolean
  is_unanswered: boolean
}

async function moveOn(tx: Transaction, caseId: string): Promise<void> {
  const [left] = await tx.query<Left>({ text: LEFT, values: [caseId] })
  const next = nextOf(left!)
  if (next) await tx.query({ text: MOVE_ON, values: [caseId, next.state, next.dueAt ?? null] })
}

/** What becomes of the case; undefined if it stays as it is, because people go on to decide, more stands, or it was closed. */
function nextOf(left: Left): { state: CaseState; dueAt?: Date } | undefined {
  const { state, measure_at: measureAt } = left
  if ((state !== 'decided' && state !== 'appealed') || left.is_appealed) return undefined
  if (measureAt)
    return state === 'decided'
      ? undefined
      : { state: 'decided', dueAt: new Date(measureAt.getTime() + APPEAL_WINDOW_MS) }
  // What users reported is for people to judge, if all that stood against it was a machine's word.
  if (left.is_unanswered)
    return { state: 'open', dueAt: new Date(left.now.getTime() + SLA_MS[left.priority]!) }
  return { state: 'closed' }
}
