import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { APPEAL_STATES, DECIDERS, DECISION_ACTIONS } from '../../../domain/moderation.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, listOf, pageQuery, visibleText } from '../inputs.ts'
import { CaseParams, DecisionSchema } from './case-schema.ts'
import { decisionExample, ownAppealExample, ownDecisionExample } from './examples.ts'
import { policyId, SubjectSchema } from './schema.ts'

const reason = visibleText(MAX_CHARACTERS.moderationText)

export const DecideCase = operation({
  id: 'decideCase',
  summary: 'Decide a case',
  description:
    'For moderators. `limit` and `takedown` of a photo, `takedown` of a comment, `limit` and `suspend` of an account, or `dismiss`; ' +
    'it acts before the answer. The owner reads the reason with the policy, and may appeal for 183 days. An appeal is answered by ' +
    'another moderator: `restore` grants it, `dismiss` rejects it. What nobody has appealed against is restored by seniors. Refused ' +
    'for cases about yourself or an account that you follow, and for what you have reported.',
  params: CaseParams,
  body: z.strictObject({
    action: z.enum(DECISION_ACTIONS),
    policy: policyId.meta({ description: 'The id of a policy, whose version in force is recorded.' }),
    reason: reason.meta({ description: 'What the owner is told.' }),
    until: z.iso
      .datetime({ offset: true, error: 'An ISO 8601 date and time with an offset.' })
      .transform((given) => new Date(given))
      .optional()
      .meta({ description: 'When a suspension ends by itself; without it, it does not.' }),
  }),
  examples: {
    body: { action: 'limit', policy: 'nudity', reason: 'Shown behind a warning.' },
    answer: { decision: decisionExample },
  },
  responses: { 201: z.object({ decision: DecisionSchema }) },
  errors: ['not_found', 'forbidden', 'own_case', 'case_claimed', 'case_closed'],
})

const OwnAppealSchema = z
  .object({
    text: z.string(),
    state: z.enum(APPEAL_STATES),
    answer: z.string().nullable().meta({
      description:
        'What the moderator who looked at it says, or why automatic moderation took the measure back itself.',
    }),
    answeredAt: instant.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'OwnAppeal' })

const OwnDecisionSchema = z
  .object({
    id: z.string(),
    subject: SubjectSchema,
    action: z.enum(DECISION_ACTIONS),
    policy: z.object({ id: z.string(), version: z.number().int(), title: z.string(), text: z.string() }),
    reason: z.string(),
    decidedAs: z
      .enum(DECIDERS)
      .meta({ description: 'The role of who decided; `classifier`: automatic moderation.' }),
    until: instant.nullable().meta({ description: 'When a suspension ends by itself.' }),
    strikeUntil: instant.nullable().meta({ description: 'Until when it counts as a strike, if it does.' }),
    reversedAt: instant.nullable().meta({ description: 'When it was taken back.' }),
    createdAt: instant,
    appealUntil: instant.nullable().meta({
      description:
        'Until when you may appeal with `POST /me/moderation/{decisionId}/appeals`; null: you may not.',
    }),
    appeal: OwnAppealSchema.nullable(),
  })
  .meta({ id: 'OwnDecision' })

export const ListOwnDecisions = operation({
  id: 'listOwnDecisions',
  summary: 'List what moderation decided about you and yours, latest first, with its reasons',
  whileSuspended: true,
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [ownDecisionExample], nextCursor: null } },
  responses: { 200: listOf(OwnDecisionSchema) },
  errors: ['bad_cursor'],
})

export const AppealDecision = operation({
  id: 'appealDecision',
  summary: 'Appeal against a decision about you or yours',
  description:
    'Once, until `appealUntil`; later, or again, it is refused with `case_closed`. Another moderator looks at it within seven days; if ' +
    'nobody does, it becomes urgent. What was decided stands until then.',
  whileSuspended: true,
  params: z.strictObject({ decisionId: idOf('decision') }),
  body: z.strictObject({ text: reason }),
  examples: {
    body: { text: ownAppealExample.text },
    answer: { appeal: ownAppealExample },
  },
  responses: { 201: z.object({ appeal: OwnAppealSchema }) },
  errors: ['not_found', 'case_closed'],
})
