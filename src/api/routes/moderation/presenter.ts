import type { z } from 'zod'
import { CASE_PRIORITIES } from '../../../domain/moderation.ts'
import type { ModerationPolicyRow } from '../../../entities/index.ts'
import type { CaseInFull } from '../../../services/moderation/cases.ts'
import type { ShownCase } from '../../../services/moderation/read-case.ts'
import type { ShownAuditEntry } from '../../../services/moderation/read-audit.ts'
import type { ShownReport } from '../../../services/moderation/reports.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { CaseSchema, DecisionSchema, GetCase } from './case-schema.ts'
import type { ListAudit, PutPolicy } from './oversight-schema.ts'
import type { CreateReport } from './report-schema.ts'

export const presentReport = (
  row: ShownReport,
): z.infer<(typeof CreateReport)['responses'][201]>['report'] => ({
  id: row.report_id,
  subject: { type: row.subject_type, id: row.subject_id },
  reason: row.reason,
  detail: row.detail,
  outcome: row.outcome,
  createdAt: row.created_at.toISOString(),
})

export const presentCase = (row: ShownCase, people: PresentPeople): z.infer<typeof CaseSchema> => ({
  id: row.case_id,
  subject: { type: row.subject_type, id: row.subject_id },
  owner: people.owner({
    userId: row.owner_id,
    username: row.owner_name,
    displayName: row.owner_display_name,
    avatar: row.owner_avatar,
  }),
  source: row.source,
  state: row.state,
  priority: CASE_PRIORITIES[row.priority]!,
  policy: row.policy_id,
  weight: row.weight,
  reportCount: row.report_count,
  openedAt: row.opened_at.toISOString(),
  dueAt: row.due_at.toISOString(),
  closedAt: row.closed_at?.toISOString() ?? null,
  claim:
    row.claimed_by !== null && row.claimed_until
      ? { username: row.claimed_by, until: row.claimed_until.toISOString() }
      : null,
})

export const presentDecision = (row: CaseInFull['decisions'][number]): z.infer<typeof DecisionSchema> => ({
  id: row.decision_id,
  action: row.action,
  policy: row.policy_id,
  policyVersion: row.policy_version,
  reason: row.reason,
  decidedBy: row.decided_by_name,
  decidedAs: row.decided_as,
  until: row.until?.toISOString() ?? null,
  reversedAt: row.reversed_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
})

export const presentCaseInFull = (
  { shown, evidence, now, picture, reports, decisions, appeal }: CaseInFull,
  people: PresentPeople,
): z.infer<(typeof GetCase)['responses'][200]> => ({
  case: presentCase(shown, people),
  evidence: {
    whenOpened: evidence.texts,
    now,
    picture: picture && { placeholder: picture.thumbhash!, width: picture.width!, height: picture.height! },
  },
  reports: reports.map(({ created_at: createdAt, ...report }) => ({
    ...report,
    createdAt: createdAt.toISOString(),
  })),
  decisions: decisions.map(presentDecision),
  appeal: appeal && {
    id: appeal.appeal_id,
    decisionId: appeal.decision_id,
    text: appeal.text,
    state: appeal.state,
    answer: appeal.answer,
    answeredAt: appeal.answered_at?.toISOString() ?? null,
    createdAt: appeal.created_at.toISOString(),
  },
})

export const presentPolicy = (
  row: ModerationPolicyRow,
): z.infer<(typeof PutPolicy)['responses'][200]>['policy'] => ({
  id: row.policy_id,
  version: row.version,
  title: row.title,
  text: row.text,
  isStrike: row.is_strike,
  createdAt: row.created_at.toISOString(),
})

export const presentAuditEntry = (
  row: ShownAuditEntry,
): z.infer<(typeof ListAudit)['responses'][200]>['items'][number] => ({
  seq: row.seq,
  at: row.at.toISOString(),
  actor: row.actor_name,
  role: row.actor_role,
  action: row.action,
  subject: row.subject,
  details: row.details,
  hash: row.hash.toString('hex'),
})
