import { z } from 'zod'
import {
  APPEAL_STATES,
  CASE_PRIORITIES,
  CASE_SOURCES,
  CASE_STATES,
  DECIDERS,
  DECISION_ACTIONS,
  REPORT_REASONS,
} from '../../../domain/moderation.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, listOf, pageQuery } from '../inputs.ts'
import { OwnerSchema } from '../photos/schema.ts'
import { caseExample, caseInFullExample } from './examples.ts'
import { policyId, SubjectSchema } from './schema.ts'

export const CaseParams = z.strictObject({ caseId: idOf('case') })

export const CaseSchema = z
  .object({
    id: z.string(),
    subject: SubjectSchema,
    owner: OwnerSchema.meta({ description: 'Who is answerable for the subject.' }),
    source: z.enum(CASE_SOURCES).meta({ description: 'Reports of users, or automatic moderation.' }),
    state: z.enum(CASE_STATES),
    priority: z.enum(CASE_PRIORITIES),
    policy: z.string().meta({ description: 'The id of the policy that seems to be broken.' }),
    weight: z.number().meta({ description: 'The sum of what its reports count, each between 0 and 1.' }),
    reportCount: z.number().int(),
    openedAt: instant,
    dueAt: instant.meta({
      description: 'Open or appealed: by when it is to be decided. Decided: until when it may be appealed.',
    }),
    closedAt: instant.nullable(),
    claim: z
      .object({ username: z.string(), until: instant })
      .nullable()
      .meta({ description: 'Who has claimed it.' }),
  })
  .meta({ id: 'ModerationCase' })

const Texts = z.record(z.string(), z.string().nullable())

export const DecisionSchema = z
  .object({
    id: z.string(),
    action: z.enum(DECISION_ACTIONS),
    policy: z.string(),
    policyVersion: z.number().int(),
    reason: z.string(),
    decidedBy: z
      .string()
      .nullable()
      .meta({ description: 'A username; null: automatic moderation, or an account that is gone.' }),
    decidedAs: z.enum(DECIDERS),
    until: instant.nullable().meta({ description: 'When a suspension ends by itself.' }),
    reversedAt: instant.nullable().meta({ description: 'When it was taken back.' }),
    createdAt: instant,
  })
  .meta({ id: 'ModerationDecision' })

const AppealSchema = z
  .object({
    id: z.string(),
    decisionId: z.string(),
    text: z.string(),
    state: z.enum(APPEAL_STATES),
    answer: z.string().nullable(),
    answeredAt: instant.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'ModerationAppeal' })

const CaseInFullSchema = z.object({
  case: CaseSchema,
  evidence: z.object({
    whenOpened: Texts.meta({ description: 'What the subject said when the case was opened.' }),
    now: Texts.nullable().meta({ description: 'What it says now; null if it was deleted.' }),
    picture: z
      .object({
        placeholder: z.string().meta({ description: 'A thumbhash in base64: the picture, blurred.' }),
        width: z.number().int(),
        height: z.number().int(),
      })
      .nullable()
      .meta({
        description: 'Of a photo; `POST /moderation/cases/{caseId}/views` gives a URL of the clear one.',
      }),
  }),
  reports: z
    .array(
      z.object({
        reason: z.enum(REPORT_REASONS),
        detail: z.string().nullable(),
        weight: z.number(),
        createdAt: instant,
      }),
    )
    .meta({ description: 'The 100 that count most, without the names of those who made them.' }),
  decisions: z.array(DecisionSchema).meta({ description: 'Oldest first.' }),
  appeal: AppealSchema.nullable().meta({ description: 'The latest one.' }),
})

export const ListCases = operation({
  id: 'listCases',
  summary: 'List the cases of moderation, the most urgent first',
  description:
    'For moderators. Of equal priority, what is due first comes first. Cases about yourself are left out.',
  query: z.strictObject({
    ...pageQuery,
    state: z
      .enum(CASE_STATES)
      .default('open')
      .meta({ override: { default: 'open' } }),
    priority: z.enum(CASE_PRIORITIES).optional(),
    policy: policyId.optional().meta({ description: 'The id of a policy.' }),
  }),
  examples: { answer: { items: [caseExample], nextCursor: null } },
  gives: { caseId: '/items/0/id' },
  responses: { 200: listOf(CaseSchema) },
  errors: ['forbidden', 'bad_cursor'],
})

export const GetCase = operation({
  id: 'getCase',
  summary: 'Get a case with its evidence',
  description:
    'For moderators. That you looked at it stands in the audit log. Refused for a case about yourself.',
  params: CaseParams,
  examples: { answer: caseInFullExample },
  responses: { 200: CaseInFullSchema },
  errors: ['not_found', 'forbidden', 'own_case'],
})

export const ClaimCase = operation({
  id: 'claimCase',
  summary: 'Claim a case for half an hour',
  description:
    'For moderators: keeps others off a case that is open or appealed. Again: for half an hour from now. Refused for cases about ' +
    'yourself or an account that you follow, for what you have reported, and for appeals against your own decision.',
  params: CaseParams,
  examples: { answer: { case: caseExample } },
  responses: { 200: z.object({ case: CaseSchema }) },
  errors: ['not_found', 'forbidden', 'own_case', 'case_claimed', 'case_closed'],
})

export const ReleaseCase = operation({
  id: 'releaseCase',
  summary: 'Let a case go that you have claimed',
  description: 'For moderators. What somebody else has claimed stays theirs.',
  params: CaseParams,
  responses: { 204: null },
  errors: ['not_found', 'forbidden'],
})
