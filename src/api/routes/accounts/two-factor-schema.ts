import { z } from 'zod'
import { MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { instant } from '../inputs.ts'
import { recoveryCodesExample, totpExample } from './factor-examples.ts'
import { presenceExample, PresenceProofSchema, secondFactorCode } from './presence-schema.ts'

/** What a device that signed in ten minutes ago or earlier has to prove (`assertPresentOrJustSignedIn`). */
export const proofUnlessJustSignedIn = PresenceProofSchema.optional()
const ASKS_FOR_PROOF =
  'Needs a proof that it is you who ask, unless this device signed in within the last ten minutes (403 `presence_required`).'

export const EnrolTotp = operation({
  id: 'enrolTotp',
  scope: 'none',
  summary: 'Begin to add an authenticator app',
  description: `The secret is shown this once, and asks for nothing until a code of it is confirmed, within an hour. An app that you have goes on until then. ${ASKS_FOR_PROOF}`,
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample, answer: totpExample },
  responses: {
    201: z.object({
      secret: z.string().meta({ description: 'In base 32, to type.' }),
      otpauthUrl: z.string().meta({ description: 'To show as a QR code.' }),
    }),
  },
  errors: ['presence_required'],
})

export const ConfirmTotp = operation({
  id: 'confirmTotp',
  scope: 'none',
  summary: 'Confirm an authenticator app by a code',
  description:
    'From then on, a sign-in by password asks for a code. A wrong one is 422 `invalid`. Make recovery codes next, for the day when the phone is lost.',
  body: z.strictObject({ code: secondFactorCode }),
  examples: { body: { code: '123456' } },
  responses: { 204: null },
  errors: ['not_found'],
})

export const RemoveTotp = operation({
  id: 'removeTotp',
  scope: 'none',
  summary: 'Remove your authenticator app',
  description: `With your last second factor, your recovery codes go too. ${ASKS_FOR_PROOF}`,
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample },
  responses: { 204: null },
  errors: ['not_found', 'presence_required'],
})

export const GetRecoveryCodes = operation({
  id: 'getRecoveryCodes',
  scope: 'none',
  summary: 'See how many recovery codes are left',
  examples: { answer: { left: 9, madeAt: '2026-03-01T08:00:00.000Z' } },
  responses: { 200: z.object({ left: z.number().int(), madeAt: instant.nullable() }) },
})

export const MakeRecoveryCodes = operation({
  id: 'makeRecoveryCodes',
  scope: 'none',
  summary: 'Make recovery codes',
  description: `${MAX_ITEMS.recoveryCodes} codes, shown this once, each of which stands in for a second factor once. Those of before are void. ${ASKS_FOR_PROOF}`,
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample, answer: recoveryCodesExample },
  responses: { 201: z.object({ codes: z.array(z.string()) }) },
  errors: ['presence_required'],
})
