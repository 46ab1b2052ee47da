import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { CASE_SOURCES, CASE_STATES, SUBJECT_TYPES } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** What is to be decided about one subject. A subject has at most one case that is not closed. */
export const ModerationCase = defineEntity({
  name: 'ModerationCase',
  tableName: 'moderation_cases',
  properties: {
    caseId: p.uuid().primary(),
    subjectType: p.enum(SUBJECT_TYPES),
    subjectId: p.string().length(MAX_CHARACTERS.subjectId),
    /** The account that is answerable for the subject. */
    ownerId: p.bigint('string'),
    source: p.enum(CASE_SOURCES),
    state: p.enum(CASE_STATES).default('open'),
    /** A place in CASE_PRIORITIES: 0 is urgent. */
    priority: p.smallint(),
    /** The sum of the reports' weights. */
    weight: p.double().$type<number>().default(0),
    reportCount: p.integer().default(0),
    /** The one that the first report, or the verdict, suspects. */
    policyId: p.string().length(MAX_CHARACTERS.policyId),
    /** The texts of the subject when the case was opened. */
    evidence: p.json().$type<Evidence>(),
    openedAt: p.datetime(3).defaultRaw('now()'),
    /** Open or appealed: by when it is to be decided, then its priority rises. Decided: until when it may be appealed. */
    dueAt: p.datetime(3),
    claimedBy: p.bigint('string').nullable(),
    claimedUntil: p.datetime(3).nullable(),
    closedAt: p.datetime(3).nullable(),
  },
})

/** What a subject said of itself. */
export interface Evidence {
  texts: Record<string, string | null>
}
export type ModerationCase = InferEntity<typeof ModerationCase>
export type ModerationCaseRow = Row<typeof ModerationCase>
