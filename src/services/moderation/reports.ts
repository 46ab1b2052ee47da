import { v7 as uuidv7 } from 'uuid'
import { invalidField } from '../../domain/errors.ts'
import {
  CASE_PRIORITIES,
  DAY_MS,
  priorityOf,
  reportWeight,
  SLA_MS,
  type ModerationSubject,
  type ReportReason,
} from '../../domain/moderation.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { Report, type ReportRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { writeAudit } from './audit-log.ts'
import { openCase, oweCaseChange, type HeldCase } from './open-case.ts'
import { findSubject, type FoundSubject } from './subjects.ts'

interface NewReport {
  subject: ModerationSubject
  reason: ReportReason
  detail: string | null
}

/** A report as its reporter sees it: `outcome` once the case was decided. */
export type ShownReport = Pick<
  ReportRow,
  'report_id' | 'subject_type' | 'subject_id' | 'reason' | 'detail' | 'created_at'
> & { outcome: 'acted' | 'dismissed' | null }

export interface Reports {
  /**
   * Reports what the viewer sees. Another report of the same subject changes nothing, and is answered with the first one.
   * @throws DarkroomError not_found, invalid for what is one's own
   */
  create(viewer: UserViewer, report: NewReport): Promise<{ report: ShownReport; isNew: boolean }>
  /** The viewer's reports, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownReport>>
}

/** For so long after a report its subject's case, though closed, is not opened again by the same account. */
const SAME_AGAIN_MS = 30 * DAY_MS

// Of what was decided since the report, or under its policy before it: whether a measure stands. Only people dismiss reports. Plan:
// one probe of moderation_decisions_case_idx.
const OUTCOME = `(
  SELECT CASE WHEN bool_or(d.action IN ('limit', 'takedown', 'suspend') AND d.reversed_at IS NULL) THEN 'acted'
    WHEN bool_or(d.decided_as <> 'classifier') THEN 'dismissed' END
  FROM moderation_decisions d WHERE d.case_id = r.case_id AND (d.created_at >= r.created_at OR d.policy_id = r.reason))`

const SHOWN = `r.report_id, r.subject_type, r.subject_id, r.reason, r.detail, r.created_at, ${OUTCOME} AS outcome`

// Plan: reports_subject_idx, and one probe of moderation_cases_pkey for each.
const SAME = `
  SELECT ${SHOWN} FROM reports r JOIN moderation_cases c ON c.case_id = r.case_id
  WHERE r.reporter_id = $1 AND r.subject_type = $2 AND r.subject_id = $3
    AND (c.state <> 'closed' OR r.created_at > now() - ${SAME_AGAIN_MS} * interval '1 millisecond')
  ORDER BY r.created_at DESC LIMIT 1`

// Walks reports_reporter_idx from the cursor.
const LIST = `
  SELECT ${SHOWN} FROM reports r
  WHERE r.reporter_id = $1 AND (r.created_at, r.report_id)
    < (coalesce('epoch'::timestamptz + $2::bigint * interval '1 millisecond', 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY r.created_at DESC, r.report_id DESC LIMIT $4`

// Plan: users_pkey; the latest 200 of reports_reporter_idx, and the outcome of each.
const REPORTER = `
  SELECT extract(epoch FROM now() - u.created_at)::float8 / 86400 AS age_days,
    count(*) FILTER (WHERE l.outcome = 'acted')::integer AS upheld,
    count(*) FILTER (WHERE l.outcome = 'dismissed')::integer AS dismissed
  FROM users u LEFT JOIN LATERAL (
    SELECT ${OUTCOME} AS outcome FROM reports r WHERE r.reporter_id = u.user_id
    ORDER BY r.created_at DESC, r.report_id DESC LIMIT 200) l ON true
  WHERE u.user_id = $1 GROUP BY u.created_at`

const COUNT = `
  UPDATE moderation_cases SET weight = weight + $2, report_count = report_count + 1 WHERE case_id = $1`
// A case rises by its reports, never sinks, and is due by its new priority from now on.
const RAISE = `
  UPDATE moderation_cases SET priority = $2,
    due_at = CASE state WHEN 'open' THEN least(due_at, now() + $3 * interval '1 millisecond') ELSE due_at END
  WHERE case_id = $1`
const REOPEN = `
  UPDATE moderation_cases SET state = 'open', priority = $2, due_at = now() + $3 * interval '1 millisecond'
  WHERE case_id = $1`
// Plan: moderation_decisions_case_idx.
const IS_ANSWERED = `
  SELECT FROM moderation_decisions WHERE case_id = $1 AND policy_id = $2 AND reversed_at IS NULL LIMIT 1`

export function createReports({ db, outbox }: { db: Database; outbox: Pick<Outbox, 'dispatch'> }): Reports {
  return {
    async create(viewer, report) {
      const { type, id } = report.subject
      const same = { text: SAME, values: [viewer.userId, type, id] }
      const stored = await db.transaction(async (tx) => {
        const found = await findSubject(tx.query, viewer, report.subject)
        if (found.ownerId === viewer.userId) throw invalidField('body.subject.id', 'It is your own.')
        const [before] = await tx.query(same)
        return before ? undefined : storeReport(tx, viewer, report, found)
      })
      await outbox.dispatch(stored ?? [])
      const [shown] = await db.primary<ShownReport>(same)
      return { report: shown!, isNew: stored !== undefined }
    },

    async list(list) {
      const [at, reportId] = list.after(['number', 'string']) ?? [null, null]
      const rows = await list.query<ShownReport>({
        name: 'own-reports',
        text: LIST,
        values: [list.viewer.userId, at, reportId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.created_at.getTime(), row.report_id])
    },
  }
}

/** @returns the outbox messages to dispatch after the commit; undefined if the same report was stored in the meantime */
async function storeReport(
  tx: Transaction,
  viewer: UserViewer,
  { subject, reason, detail }: NewReport,
  found: FoundSubject,
): Promise<string[] | undefined> {
  const weight = await weightOf(tx, viewer)
  const held = await openCase(tx, subject, {
    ...found,
    source: 'reports',
    priority: priorityOf([reason], weight),
    policyId: reason,
  })
  const { case_id: caseId } = held
  const row = {
    reportId: uuidv7(),
    caseId,
    reporterId: viewer.userId,
    subjectType: subject.type,
    subjectId: subject.id,
    reason,
    detail,
    weight,
  }
  const inserted = await run(
    tx.query,
    insertRow(Report, row)
      .onConflict((conflict) => conflict.doNothing())
      .returning('report_id'),
  )
  if (inserted.length === 0) return undefined
  await tx.query({ text: COUNT, values: [caseId, weight] })
  const change = await changeOf(tx, held, reason, weight)
  if (!change) return []
  const { priority, text, action } = change
  if (text) await tx.query({ text, values: [caseId, priority, SLA_MS[priority]] })
  const outboxId = await oweCaseChange(tx, caseId, subject, found.ownerId)
  if (action)
    await writeAudit(tx, {
      actor: { role: 'system' },
      action,
      subject: `case/${caseId}`,
      details: { ...subject, reason, priority: CASE_PRIORITIES[priority] },
    })
  return [outboxId]
}

interface CaseChange {
  priority: number
  /** The statement that makes it. */
  text?: string
  /** What the audit log says of it. */
  action?: string
}

/**
 * What becomes of the case by a report, if anything. One that was decided opens again if it is reported for something that no
 * decision was about: a photo that is shown behind a warning may be worse than that.
 */
async function changeOf(
  tx: Transaction,
  held: HeldCase,
  reason: ReportReason,
  weight: number,
): Promise<CaseChange | undefined> {
  const priority = Math.min(held.priority, priorityOf([reason], held.weight + weight))
  if (held.isNew) return { priority, action: 'case.opened' }
  if (held.state === 'decided') {
    const answered = await tx.query({ text: IS_ANSWERED, values: [held.case_id, reason] })
    if (answered.length === 0) return { priority, text: REOPEN, action: 'case.reopened' }
  }
  return priority < held.priority ? { priority, text: RAISE } : undefined
}

async function weightOf(tx: Transaction, { userId }: UserViewer): Promise<number> {
  const [reporter] = await tx.query<{ age_days: number; upheld: number; dismissed: number }>({
    text: REPORTER,
    values: [userId],
  })
  const { age_days: accountAgeDays, upheld, dismissed } = reporter!
  return reportWeight({ accountAgeDays, upheld, dismissed })
}
