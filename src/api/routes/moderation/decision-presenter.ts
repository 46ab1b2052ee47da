import type { z } from 'zod'
import type { ModerationAppealRow } from '../../../entities/index.ts'
import type { OwnDecision } from '../../../services/moderation/own-decisions.ts'
import type { AppealDecision, ListOwnDecisions } from './decision-schema.ts'

type OwnAppeal = z.infer<(typeof AppealDecision)['responses'][201]>['appeal']

export const presentOwnAppeal = (row: ModerationAppealRow): OwnAppeal => ({
  text: row.text,
  state: row.state,
  answer: row.answer,
  answeredAt: row.answered_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
})

export const presentOwnDecision = (
  row: OwnDecision,
): z.infer<(typeof ListOwnDecisions)['responses'][200]>['items'][number] => ({
  id: row.decision_id,
  subject: { type: row.subject_type, id: row.subject_id },
  action: row.action,
  policy: { id: row.policy_id, version: row.policy_version, title: row.policy_title, text: row.policy_text },
  reason: row.reason,
  decidedAs: row.decided_as,
  until: row.until?.toISOString() ?? null,
  strikeUntil: row.strike_until?.toISOString() ?? null,
  reversedAt: row.reversed_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  appealUntil: row.appeal_until?.toISOString() ?? null,
  appeal: row.appeal && {
    text: row.appeal.text,
    state: row.appeal.state,
    answer: row.appeal.answer,
    answeredAt: row.appeal.answered_at && new Date(row.appeal.answered_at).toISOString(),
    createdAt: new Date(row.appeal.created_at).toISOString(),
  },
})
