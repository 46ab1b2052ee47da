import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { REPORT_REASONS, SUBJECT_TYPES } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** What one account reported of a subject. */
export const Report = defineEntity({
  name: 'Report',
  tableName: 'reports',
  properties: {
    reportId: p.uuid().primary(),
    caseId: p.uuid(),
    reporterId: p.bigint('string'),
    subjectType: p.enum(SUBJECT_TYPES),
    subjectId: p.string().length(MAX_CHARACTERS.subjectId),
    reason: p.enum(REPORT_REASONS),
    detail: p.string().length(MAX_CHARACTERS.reportDetail).nullable(),
    /** When it was made: 0 to 1, by the reporter's age and record. */
    weight: p.double().$type<number>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Report = InferEntity<typeof Report>
export type ReportRow = Row<typeof Report>
