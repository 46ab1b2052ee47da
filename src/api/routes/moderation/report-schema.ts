import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { REPORT_REASONS } from '../../../domain/moderation.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, listOf, pageQuery, text } from '../inputs.ts'
import { reportExample } from './examples.ts'
import { SubjectSchema } from './schema.ts'

/** At most 18 digits, which any bigint can hold. */
const userId = z.string().regex(/^[1-9][0-9]{0,17}$/, 'Not the id of an account.')

const ReportSchema = z
  .object({
    id: z.string(),
    subject: SubjectSchema,
    reason: z.enum(REPORT_REASONS),
    detail: z.string().nullable(),
    outcome: z
      .enum(['acted', 'dismissed'])
      .nullable()
      .meta({ description: 'Whether moderation took a measure that stands; null until it has decided.' }),
    createdAt: instant,
  })
  .meta({ id: 'Report' })

const ReportAnswer = z.object({ report: ReportSchema })

export const CreateReport = operation({
  id: 'createReport',
  summary: 'Report a photo, a comment or an account to moderation',
  description:
    'For what you see and is not your own; nobody learns who reported it. Reporting the same again answers 200 with your first ' +
    'report and changes nothing, whatever the reason, until its case is closed and 30 days have passed.',
  body: z.strictObject({
    subject: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('photo'), id: idOf('photo') }),
      z.strictObject({ type: z.literal('comment'), id: idOf('comment') }),
      z.strictObject({ type: z.literal('user'), id: userId }),
    ]),
    reason: z.enum(REPORT_REASONS),
    detail: text(MAX_CHARACTERS.reportDetail).optional(),
  }),
  examples: {
    body: { subject: reportExample.subject, reason: reportExample.reason, detail: reportExample.detail },
    answer: { report: reportExample },
  },
  responses: { 200: ReportAnswer, 201: ReportAnswer },
  errors: ['not_found'],
})

export const ListReports = operation({
  id: 'listReports',
  summary: 'List what you have reported, latest first, with what became of it',
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [reportExample], nextCursor: null } },
  responses: { 200: listOf(ReportSchema) },
  errors: ['bad_cursor'],
})
