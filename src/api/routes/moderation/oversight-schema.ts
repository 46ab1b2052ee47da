import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { CASE_PRIORITIES, DECISION_ACTIONS } from '../../../domain/moderation.ts'
import { operation } from '../../operation.ts'
import { instant, listOf, pageQuery, title, visibleText } from '../inputs.ts'
import { auditEntryExample, policyExample, statsExample } from './examples.ts'
import { policyId } from './schema.ts'

const PolicySchema = z
  .object({
    id: z.string(),
    version: z.number().int(),
    title: z.string(),
    text: z.string(),
    isStrike: z
      .boolean()
      .meta({ description: 'Whether a takedown or suspension under it is a strike against the account.' }),
    createdAt: instant.meta({ description: 'Of this version.' }),
  })
  .meta({ id: 'ModerationPolicy' })

export const ListPolicies = operation({
  id: 'listPolicies',
  summary: 'List the policies in force',
  description: 'For moderators, by their ids.',
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [policyExample], nextCursor: null } },
  responses: { 200: listOf(PolicySchema) },
  errors: ['forbidden', 'bad_cursor'],
})

export const PutPolicy = operation({
  id: 'putPolicy',
  summary: 'Add a policy, or change one',
  description:
    'For admins. A change makes a new version, by which decisions go from now on; those that were made keep theirs. The same ' +
    'again changes nothing.',
  body: z.strictObject({
    id: policyId,
    title: title(MAX_CHARACTERS.policyTitle),
    text: visibleText(MAX_CHARACTERS.policyText),
    isStrike: z.boolean(),
  }),
  examples: {
    body: {
      id: policyExample.id,
      title: policyExample.title,
      text: policyExample.text,
      isStrike: policyExample.isStrike,
    },
    answer: { policy: policyExample },
  },
  responses: { 200: z.object({ policy: PolicySchema }) },
  errors: ['forbidden'],
})

const AuditEntrySchema = z
  .object({
    seq: z.string(),
    at: instant,
    actor: z.string().nullable().meta({
      description: 'A username; null: the service, an operator, or an account that is gone.',
    }),
    role: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
    hash: z.string().meta({ description: 'SHA-256 in hex, of this entry and the hash before it.' }),
  })
  .meta({ id: 'AuditEntry' })

export const ListAudit = operation({
  id: 'listAudit',
  summary: 'List what moderation did, latest first',
  description: 'For seniors and admins: the append-only audit log.',
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [auditEntryExample], nextCursor: null } },
  responses: { 200: listOf(AuditEntrySchema) },
  errors: ['forbidden', 'bad_cursor'],
})

const count = z.number().int()
const countsOf = <Name extends string>(names: readonly Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>)

const StatsSchema = z
  .object({
    open: countsOf(CASE_PRIORITIES).meta({ description: 'Cases that are open or appealed.' }),
    overdue: count.meta({ description: 'Of those, the ones past their due date.' }),
    claimed: count,
    medianAgeSeconds: z.number().nullable(),
    decided: z.object({ lastDay: countsOf(DECISION_ACTIONS), lastWeek: countsOf(DECISION_ACTIONS) }),
    reversalRate: z
      .number()
      .nullable()
      .meta({ description: 'Of the measures of the last 30 days, the part that was taken back.' }),
  })
  .meta({ id: 'ModerationStats' })

export const GetStats = operation({
  id: 'getModerationStats',
  summary: 'Get how the queue stands, and what was decided lately',
  description: 'For moderators.',
  examples: { answer: { stats: statsExample } },
  responses: { 200: z.object({ stats: StatsSchema }) },
  errors: ['forbidden'],
})
