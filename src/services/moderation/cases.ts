import { notFound } from '../../domain/errors.ts'
import { CASE_PRIORITIES, type CasePriority, type CaseState } from '../../domain/moderation.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type {
  Evidence,
  ModerationAppealRow,
  ModerationCaseRow,
  ModerationDecisionRow,
  ReportRow,
  UserRow,
} from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { writeAudit } from './audit-log.ts'
import { assertNotAbout } from './hold-case.ts'
import { blurredPicture, type BlurredPicture } from './pictures.ts'
import { policyInForce } from './policies.ts'
import type { StaffMember } from './staff.ts'
import { textsNow } from './subjects.ts'

/** A case in the queue, with the names of its owner and of who has claimed it. */
export type ShownCase = Omit<ModerationCaseRow, 'evidence' | 'claimed_by'> & {
  owner_name: string
  owner_display_name: UserRow['display_name']
  claimed_by: string | null
}

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

const CLAIMED = 'c.claimed_until > now()'
const COLUMNS = `
  c.case_id, c.subject_type, c.subject_id, c.owner_id, c.source, c.state, c.priority, c.weight, c.report_count, c.policy_id,
  c.opened_at, c.due_at, c.closed_at, o.username AS owner_name, o.display_name AS owner_display_name,
  CASE WHEN ${CLAIMED} THEN m.username END AS claimed_by, CASE WHEN ${CLAIMED} THEN c.claimed_until END AS claimed_until`
const FROM = `
  FROM moderation_cases c JOIN users o ON o.user_id = c.owner_id LEFT JOIN users m ON m.user_id = c.claimed_by`

// Walks moderation_cases_queue_idx from the cursor; two probes of users_pkey each.
const QUEUE = `
  SELECT ${COLUMNS} ${FROM}
  WHERE c.state = $1 AND c.priority BETWEEN coalesce($2::smallint, 0) AND coalesce($2::smallint, ${CASE_PRIORITIES.length - 1})
    AND ($3::text IS NULL OR c.policy_id = $3) AND c.owner_id <> $8
    AND (c.priority, c.due_at, c.case_id) > (coalesce($4::smallint, $2::smallint, -1),
      'epoch'::timestamptz + coalesce($5::bigint, 0) * interval '1 millisecond', coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'))
  ORDER BY c.priority, c.due_at, c.case_id LIMIT $7`
const ONE = `SELECT ${COLUMNS}, c.evidence ${FROM} WHERE c.case_id = $1`

// Plan: the reports of a case by reports_case_id_reporter_id_key.
const REPORTS = `
  SELECT reason, detail, weight, created_at FROM reports WHERE case_id = $1 ORDER BY weight DESC, created_at LIMIT 100`
const DECISIONS = `
  SELECT d.*, u.username AS decided_by_name FROM moderation_decisions d LEFT JOIN users u ON u.user_id = d.decided_by
  WHERE d.case_id = $1 ORDER BY d.created_at LIMIT 100`
const APPEAL = `
  SELECT a.* FROM moderation_appeals a JOIN moderation_decisions d ON d.decision_id = a.decision_id
  WHERE d.case_id = $1 ORDER BY a.created_at DESC LIMIT 1`

/** @throws DarkroomError not_found */
export async function readCase(
  query: Query,
  caseId: string,
): Promise<{ shown: ShownCase; evidence: Evidence }> {
  const [row] = await query<ShownCase & { evidence: Evidence }>({ text: ONE, values: [caseId] })
  if (!row) throw notFound('case')
  const { evidence, ...shown } = row
  return { shown, evidence }
}

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
      return pageOfRows(
        list,
        rows,
        (row) => [row.priority, row.due_at.getTime(), row.case_id],
        (shown) => [...shown],
      )
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
