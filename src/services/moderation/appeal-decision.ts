import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { APPEAL_SLA_MS } from '../../domain/moderation.ts'
import {
  ModerationAppeal,
  type ModerationAppealRow,
  type ModerationCaseRow,
  type ModerationDecisionRow,
} from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { writeAudit } from './audit-log.ts'
import { oweCaseChange } from './open-case.ts'

/**
 * Appeals against what was decided on one's own, once, as long as the case says. Another moderator answers.
 * @throws DarkroomError not_found, case_closed
 */
export type AppealDecision = (
  userId: UserId,
  appeal: { decisionId: string; text: string },
) => Promise<ModerationAppealRow>

const FIND = 'SELECT case_id FROM moderation_decisions WHERE decision_id = $1 AND owner_id = $2'
const HOLD = 'SELECT FROM moderation_cases WHERE case_id = $1 FOR UPDATE'

// Read after the lock. Plan: moderation_decisions_pkey, and one probe each.
const STANDING = `
  SELECT c.case_id, c.subject_type, c.subject_id, c.owner_id, (
      c.state = 'decided' AND c.due_at > now() AND d.reversed_at IS NULL AND d.action IN ('limit', 'takedown', 'suspend')
      AND NOT EXISTS (SELECT FROM moderation_appeals a WHERE a.decision_id = d.decision_id)) AS may_appeal
  FROM moderation_decisions d JOIN moderation_cases c USING (case_id) WHERE d.decision_id = $1`

const APPEALED = `
  UPDATE moderation_cases SET state = 'appealed', due_at = now() + ${APPEAL_SLA_MS} * interval '1 millisecond',
    claimed_by = NULL, claimed_until = NULL
  WHERE case_id = $1`

export function createAppealDecision({
  db,
  outbox,
}: {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
}): AppealDecision {
  return async (userId, { decisionId, text }) => {
    const { appeal, outboxId } = await db.transaction(async (tx) => {
      const [found] = await tx.query<Pick<ModerationDecisionRow, 'case_id'>>({
        text: FIND,
        values: [decisionId, userId],
      })
      if (!found) throw notFound('decision')
      await tx.query({ text: HOLD, values: [found.case_id] })
      const [row] = await tx.query<Standing>({ text: STANDING, values: [decisionId] })
      if (!row?.may_appeal)
        throw new DarkroomError('case_closed', 'It can no longer be appealed, or was appealed before.')
      const { case_id: caseId, owner_id: ownerId } = row
      const [appeal] = await run(
        tx.query,
        insertRow(ModerationAppeal, { appealId: uuidv7(), decisionId, text }, [
          'answeredBy',
          'answer',
          'answeredAt',
        ]).returningAll(),
      )
      await tx.query({ text: APPEALED, values: [caseId] })
      await writeAudit(tx, {
        actor: { userId, role: 'user' },
        action: 'decision.appealed',
        subject: `case/${caseId}`,
        details: { decision: decisionId },
      })
      const subject = { type: row.subject_type, id: row.subject_id }
      return { appeal: appeal!, outboxId: await oweCaseChange(tx, caseId, subject, ownerId) }
    })
    await outbox.dispatch([outboxId])
    return appeal
  }
}

type Standing = Pick<ModerationCaseRow, 'case_id' | 'subject_type' | 'subject_id' | 'owner_id'> & {
  may_appeal: boolean
}
