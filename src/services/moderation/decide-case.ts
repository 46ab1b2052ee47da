import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, invalidField } from '../../domain/errors.ts'
import { APPEAL_WINDOW_MS, isAtLeast, STRIKE_MS, type DecisionAction } from '../../domain/moderation.ts'
import {
  ModerationDecision,
  type ModerationDecisionRow,
  type ModerationPolicyRow,
} from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { writeAudit } from './audit-log.ts'
import { holdCase, type CaseInHand } from './hold-case.ts'
import { lockSubjectOf, lift, take } from './measure-of-case.ts'
import { oweCaseChange } from './open-case.ts'
import { recordPersonsVerdict, VERDICT_OF } from './persons-verdict.ts'
import { policyInForce } from './policies.ts'
import type { StaffMember } from './staff.ts'

interface NewDecision {
  action: DecisionAction
  /** The id of a policy. */
  policy: string
  reason: string
  /** When a suspension ends by itself. */
  until?: Date | undefined
}

/** A decision as it was written, and the name of who made it. */
type MadeDecision = ModerationDecisionRow & { decided_by_name: string | null }

/**
 * Decides a case, takes or takes back the measure, and answers the appeal if there is one.
 * @throws DarkroomError not_found, case_closed, case_claimed, own_case, forbidden, invalid
 */
export type DecideCase = (staff: StaffMember, caseId: string, decision: NewDecision) => Promise<MadeDecision>

interface DecideDeps {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  fanoutShardThreshold: number
}

export function createDecideCase({ db, outbox, fanoutShardThreshold }: DecideDeps): DecideCase {
  return async (staff, caseId, decision) => {
    const { made, outboxIds } = await db.transaction(async (tx) => {
      await lockSubjectOf(tx, caseId)
      const held = await holdCase(tx, staff, caseId)
      assertDecidable(held, staff, decision)
      const policy = await policyInForce(tx.query, decision.policy, 'body.policy')
      const about = { type: held.subject_type, id: held.subject_id }
      const { action } = decision
      if (action === 'restore') await tx.query({ text: REVERSE, values: [caseId] })
      const outboxIds =
        action === 'restore'
          ? await lift(tx, held, fanoutShardThreshold)
          : await take(tx, held, action, decision.until ?? null)
      // An appeal that is rejected leaves the verdict as it was.
      const isRejection = held.state === 'appealed' && action === 'dismiss'
      if (about.type === 'photo' && !isRejection)
        await recordPersonsVerdict(tx, about.id, VERDICT_OF[action], policy)
      const made = await write(tx, staff, held, decision, policy)
      await tx.query({ text: ANSWER, values: [caseId, appealState(action), staff.userId, decision.reason] })
      await tx.query({ text: MOVE_ON, values: [caseId, APPEAL_WINDOW_MS] })
      outboxIds.push(await oweCaseChange(tx, caseId, about, held.owner_id))
      await writeAudit(tx, {
        actor: staff,
        action: `decision.${action}`,
        subject: `case/${caseId}`,
        details: { decision: made.decision_id, ...about, policy: policy.policy_id, version: policy.version },
      })
      return { made, outboxIds }
    })
    await outbox.dispatch(outboxIds)
    return made
  }
}

/** @throws DarkroomError case_closed, forbidden, invalid */
function assertDecidable(
  { state, subject_type: type }: CaseInHand,
  staff: StaffMember,
  decision: NewDecision,
) {
  const { action, until } = decision
  if (state === 'closed' || (state === 'decided' && action !== 'restore'))
    throw new DarkroomError('case_closed', 'This case was decided.')
  if (state === 'open' && action === 'restore')
    throw invalidField('body.action', 'There is nothing to restore: nobody has decided yet.')
  if (state === 'appealed' && action !== 'restore' && action !== 'dismiss')
    throw invalidField('body.action', 'An appeal is granted with `restore` and rejected with `dismiss`.')
  if (state === 'decided' && !isAtLeast(staff.role, 'senior'))
    throw new DarkroomError('forbidden', 'Only seniors take a measure back that nobody has appealed against.')
  if (!ACTIONS[type].includes(action))
    throw invalidField('body.action', `Not for a ${type}: one of ${ACTIONS[type].join(', ')}.`)
  if (until && action !== 'suspend') throw invalidField('body.until', 'Only a suspension ends by itself.')
  if (until && until.getTime() <= Date.now()) throw invalidField('body.until', 'It has to be in the future.')
}

const ACTIONS: Record<CaseInHand['subject_type'], readonly DecisionAction[]> = {
  photo: ['dismiss', 'limit', 'takedown', 'restore'],
  comment: ['dismiss', 'takedown', 'restore'],
  user: ['dismiss', 'limit', 'suspend', 'restore'],
}

const REVERSE = `
  UPDATE moderation_decisions SET reversed_at = now(), strike_until = NULL
  WHERE case_id = $1 AND action IN ('limit', 'takedown', 'suspend') AND reversed_at IS NULL`

// Of a case there is at most one appeal that is pending.
const ANSWER = `
  UPDATE moderation_appeals a SET state = $2, answered_by = $3, answer = $4, answered_at = now()
  FROM moderation_decisions d
  WHERE d.case_id = $1 AND a.decision_id = d.decision_id AND a.state = 'pending'`
const appealState = (action: DecisionAction) => (action === 'restore' ? 'granted' : 'rejected')

// It is over if nothing stands, or if what stands was upheld; else the owner may appeal from the latest measure on. Reports that are
// dismissed leave an earlier measure and its time to appeal as they were.
const MOVE_ON = `
  UPDATE moderation_cases c SET state = CASE WHEN s.is_over THEN 'closed' ELSE 'decided' END,
    closed_at = CASE WHEN s.is_over THEN now() END, claimed_by = NULL, claimed_until = NULL,
    due_at = coalesce(s.since + $2 * interval '1 millisecond', c.due_at)
  FROM (
    SELECT max(d.created_at) AS since,
      max(d.created_at) IS NULL OR max(d.created_at) + $2 * interval '1 millisecond' <= now()
        OR EXISTS (SELECT FROM moderation_appeals a JOIN moderation_decisions e USING (decision_id)
          WHERE e.case_id = $1 AND a.state = 'rejected') AS is_over
    FROM moderation_decisions d
    WHERE d.case_id = $1 AND d.action IN ('limit', 'takedown', 'suspend') AND d.reversed_at IS NULL) s
  WHERE c.case_id = $1`

async function write(
  tx: Transaction,
  staff: StaffMember,
  held: CaseInHand,
  { action, reason, until }: NewDecision,
  policy: ModerationPolicyRow,
): Promise<MadeDecision> {
  const isStrike = policy.is_strike && (action === 'takedown' || action === 'suspend')
  const [row] = await run(
    tx.query,
    insertRow(
      ModerationDecision,
      {
        decisionId: uuidv7(),
        caseId: held.case_id,
        subjectType: held.subject_type,
        subjectId: held.subject_id,
        ownerId: held.owner_id,
        action,
        policyId: policy.policy_id,
        policyVersion: policy.version,
        reason,
        decidedBy: staff.userId,
        decidedAs: staff.role,
        until: until ?? null,
        strikeUntil: isStrike ? new Date(Date.now() + STRIKE_MS) : null,
      },
      ['reversedAt', 'toldAt', 'retractedAt'],
    ).returningAll(),
  )
  const [who] = await tx.query<{ username: string }>({
    text: 'SELECT username FROM users WHERE user_id = $1',
    values: [staff.userId],
  })
  return { ...row!, decided_by_name: who?.username ?? null }
}
