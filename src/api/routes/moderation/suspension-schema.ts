import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { futureInstant, UserParams, visibleText } from '../inputs.ts'
import { DecisionSchema } from './case-schema.ts'
import { suspensionExample } from './examples.ts'
import { policyId } from './schema.ts'

const reason = visibleText(MAX_CHARACTERS.moderationText).meta({
  description: 'Why; the account reads it as its statement of reasons.',
})

export const SuspendUser = operation({
  id: 'suspendUser',
  summary: 'Suspend an account, for a time or for good',
  description:
    'For seniors and admins. Nobody else sees the account or its photos, and it can only read what was decided, appeal and sign ' +
    'out. Another request replaces what people decided before; the same again changes nothing. Refused for yourself, for ' +
    'accounts that you follow, and for staff of your role or a higher one.',
  params: UserParams,
  body: z.strictObject({
    policy: policyId.meta({ description: 'The id of the policy that was broken.' }),
    reason,
    until: futureInstant
      .nullable()
      .optional()
      .meta({ description: 'When it ends by itself; null or absent: it does not.' }),
  }),
  examples: {
    body: { policy: 'spam', reason: suspensionExample.reason, until: '2099-01-31T08:00:00Z' },
    answer: { decision: suspensionExample },
  },
  responses: { 200: z.object({ decision: DecisionSchema }) },
  errors: ['not_found', 'forbidden', 'own_case'],
})

export const LiftSuspension = operation({
  id: 'liftSuspension',
  summary: 'End all suspensions of an account',
  description:
    'For seniors and admins; those that its strikes brought end too. Refused as the suspension is. An account that is not ' +
    'suspended stays as it is.',
  params: UserParams,
  body: z.strictObject({ policy: policyId, reason }),
  examples: { body: { policy: 'spam', reason: 'The account was taken over, and its owner has it back.' } },
  responses: { 204: null },
  errors: ['not_found', 'forbidden', 'own_case'],
})
