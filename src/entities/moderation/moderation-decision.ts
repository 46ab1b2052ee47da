import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { DECIDERS, DECISION_ACTIONS, SUBJECT_TYPES } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** A decision with what the EU's Digital Services Act calls its statement of reasons. It stands until it is reversed. */
export const ModerationDecision = defineEntity({
  name: 'ModerationDecision',
  tableName: 'moderation_decisions',
  properties: {
    decisionId: p.uuid().primary(),
    caseId: p.uuid(),
    subjectType: p.enum(SUBJECT_TYPES),
    subjectId: p.string().length(MAX_CHARACTERS.subjectId),
    ownerId: p.bigint('string'),
    action: p.enum(DECISION_ACTIONS),
    policyId: p.string().length(MAX_CHARACTERS.policyId),
    policyVersion: p.integer(),
    reason: p.string().length(MAX_CHARACTERS.moderationText),
    /** Null: automatic moderation, or an account that is gone. */
    decidedBy: p.bigint('string').nullable(),
    decidedAs: p.enum(DECIDERS),
    /** A suspension or an account's limit that ends by itself. */
    until: p.datetime(3).nullable(),
    /** A strike against the owner counts until then; null if there is none, or it was taken back. */
    strikeUntil: p.datetime(3).nullable(),
    reversedAt: p.datetime(3).nullable(),
    /** The owner and the reporters are owed the news since then. */
    toldAt: p.datetime(3).nullable(),
    /** Of a takedown or suspension: every edge had proven by then that it refuses what was withdrawn. */
    retractedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ModerationDecision = InferEntity<typeof ModerationDecision>
export type ModerationDecisionRow = Row<typeof ModerationDecision>
