import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../../src/domain/ids.ts'
import { DAY_MS, type ModerationSubject } from '../../../src/domain/moderation.ts'
import {
  ModerationCase,
  ModerationDecision,
  Report,
  type ModerationCaseRow,
  type ModerationDecisionRow,
} from '../../../src/entities/index.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { insertRow, run } from '../../../src/infra/db/insert.ts'

interface BuildCaseOptions {
  subject: ModerationSubject
  ownerId: UserId
  state?: ModerationCaseRow['state']
  /** 3, low, unless given. */
  priority?: number
  /** In a day, unless given. */
  dueAt?: Date
  claim?: { by: UserId; until: Date }
  reporters?: readonly UserId[]
}

/** A case as it stands after what its options say. @returns its id */
export async function buildCase(db: Database, options: BuildCaseOptions): Promise<string> {
  const { subject, ownerId, state = 'open', priority = 3, claim, reporters = [] } = options
  const caseId = uuidv7()
  await run(
    db.primary,
    insertRow(
      ModerationCase,
      {
        caseId,
        subjectType: subject.type,
        subjectId: subject.id,
        ownerId,
        source: 'reports',
        state,
        priority,
        policyId: 'spam',
        reportCount: reporters.length,
        evidence: JSON.stringify({ texts: {} }) as never,
        dueAt: options.dueAt ?? new Date(Date.now() + DAY_MS),
        claimedBy: claim?.by ?? null,
        claimedUntil: claim?.until ?? null,
      },
      ['closedAt'],
    ),
  )
  for (const reporterId of reporters) {
    const about = { subjectType: subject.type, subjectId: subject.id }
    const report = { reportId: uuidv7(), caseId, reporterId, ...about, reason: 'spam' as const, weight: 1 }
    await run(db.primary, insertRow(Report, report, ['detail']))
  }
  return caseId
}

/** A decision on a case that was built; nobody has been told of it. @returns its id */
export async function buildDecision(
  db: Database,
  caseId: string,
  decision: Pick<ModerationDecisionRow, 'action'> & { decidedBy?: UserId },
): Promise<string> {
  const [about] = await db.primary<Pick<ModerationCaseRow, 'subject_type' | 'subject_id' | 'owner_id'>>({
    text: 'SELECT subject_type, subject_id, owner_id FROM moderation_cases WHERE case_id = $1',
    values: [caseId],
  })
  const decisionId = uuidv7()
  await run(
    db.primary,
    insertRow(
      ModerationDecision,
      {
        decisionId,
        caseId,
        subjectType: about!.subject_type,
        subjectId: about!.subject_id,
        ownerId: about!.owner_id,
        action: decision.action,
        policyId: 'spam',
        policyVersion: 1,
        reason: 'It sells something.',
        decidedBy: decision.decidedBy ?? null,
        decidedAs: decision.decidedBy === undefined ? 'classifier' : 'moderator',
      },
      ['until', 'strikeUntil', 'reversedAt', 'toldAt', 'retractedAt'],
    ),
  )
  return decisionId
}
