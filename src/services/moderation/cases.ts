import { CASE_PRIORITIES, type CasePriority, type CaseState } from '../../domain/moderation.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Evidence, ModerationAppealRow, ModerationDecisionRow, ReportRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { writeAudit } from './audit-log.ts'
import { assertNotAbout } from './hold-case.ts'
import { blurredPicture, type BlurredPicture } from './pictures.ts'
import { policyInForce } from './policies.ts'
import { CASE_COLUMNS, FROM_CASES, readCase, type ShownCase } from './read-case.ts'
import type { StaffMember } from './staff.ts'
import { textsNow } from './subjects.ts'

export interface CaseInFull {
  shown: ShownCase
  /** What the subject said when the case was opened, and what it says now; null if it was deleted. */
  evidence: Evidence
  now: Evidence['texts'] | null
  /** Null if it is about something else, or there is none. */
  picture: BlurredPicture | null
  /** The heaviest, without who made them. */
  reports: Pick<ReportRow, 'reason' | 'detail' | 'weight' | 'created_at'>[]
  decisions: (ModerationDecisionRow & { decided_by_name: string | null })[]
  /** The latest one. */
  appeal: ModerationAppealRow | null
}

interface CaseFilter {
  state: CaseState
  priority?: CasePriority | undefined
  policy?: string | undefined
}

export interface Cases {
  /**
   * The most urgent first, of equal ones that which is due first; without cases about the viewer.
   * @throws DarkroomError bad_cursor, invalid for an unknown policy
   */
  list(list: ListRead<UserViewer>, filter: CaseFilter): Promise<Page<ShownCase>>
  /** A case with its evidence. That it was looked at is audited. @throws DarkroomError not_found, own_case for one about oneself */
  get(staff: StaffMember, caseId: string): Promise<CaseInFull>
}

// Walks moderation_cases_queue_idx from the cursor; two probes of users_pkey each.
const QUEUE = `
  SELECT ${CASE_COLUMNS} ${FROM_CASES}
  WHERE c.state = $1 AND c.priority BETWEEN coalesce($2::smallint, 0) AND coalesce($2::smallint, ${CASE_PRIORITIES.length - 1})
    AND ($3::text IS NULL OR c.policy_id = $3) AND c.owner_id <> $8
    AND (c.priority, c.due_at, c.case_id) > (coalesce($4::smallint, $2::smallint, -1),
      'epoch'::timestamptz + coalesce($5::bigint, 0) * interval '1 millisecond', coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'))
  ORDER BY c.priority, c.due_at, c.case_id LIMIT $7`
// Plan: the reports of a case by reports_case_id_reporter_id_key.
const REPORTS = `
  SELECT reason, detail, weight, created_at FROM reports WHERE case_id = $1 ORDER BY weight DESC, created_at LIMIT 100`
const DECISIONS = `
  SELECT d.*, u.username AS decided_by_name FROM moderation_decisions d LEFT JOIN users u ON u.user_id = d.decided_by
  WHERE d.case_id = $1 ORDER BY d.created_at LIMIT 100`
const APPEAL = `
  SELECT a.* FROM moderation_appeals a JOIN moderation_decisions d ON d.decision_id = a.decision_id
  WHERE d.case_id = $1 ORDER BY a.created_at DESC LIMIT 1`

export function createCases({ db }: { db: Pick<Database, 'transaction'> }): Cases {
  return {
    async list(list, { state, priority, policy }) {
      if (policy !== undefined) await policyInForce(list.query, policy, 'query.policy')
      const after = list.after(['number', 'number', 'string']) ?? [null, null, null]
      const place = priority === undefined ? null : CASE_PRIORITIES.indexOf(priority)
      const rows = await list.query<ShownCase>({
        name: 'case-queue',
        text: QUEUE,
        values: [state, place, policy ?? null, ...after, list.limit + 1, list.viewer.userId],
      })
      return pageOfRows(list, rows, (row) => [row.priority, row.due_at.getTime(), row.case_id])
    },

    get: (staff, caseId) =>
      db.transaction(async (tx) => {
        const { shown, evidence } = await readCase(tx.query, caseId)
        assertNotAbout(staff, shown)
        const now = await textsNow(tx.query, { type: shown.subject_type, id: shown.subject_id })
        const picture = await blurredPicture(tx.query, { type: shown.subject_type, id: shown.subject_id })
        const of = { values: [caseId] }
        const reports = await tx.query<CaseInFull['reports'][number]>({ text: REPORTS, ...of })
        const decisions = await tx.query<CaseInFull['decisions'][number]>({ text: DECISIONS, ...of })
        const [appeal = null] = await tx.query<ModerationAppealRow>({ text: APPEAL, ...of })
        await writeAudit(tx, { actor: staff, action: 'case.viewed', subject: `case/${caseId}` })
        return { shown, evidence, now, picture, reports, decisions, appeal }
      }),
  }
}
