import { z } from 'zod'
import { MAX_PASSWORD } from '../../../domain/passwords.ts'
import { operation } from '../../operation.ts'
import { characters } from '../inputs.ts'
import { assertionOptionsExample } from './factor-examples.ts'
import { AssertionOptionsSchema, AssertionSchema } from './webauthn-schema.ts'

/** Of an authenticator app or a recovery code, as people type it. */
export const secondFactorCode = characters(1, 64).meta({
  description:
    'Six digits of your authenticator app, or a recovery code. Spaces, hyphens and case do not matter.',
})

/** The body of what asks for a proof of presence (`assertPresent`). */
export const PresenceProofSchema = z
  .union(
    [
      z.strictObject({ password: characters(1, MAX_PASSWORD) }),
      z.strictObject({ code: secondFactorCode }),
      z.strictObject({ passkey: AssertionSchema }),
    ],
    { error: 'One of password, code and passkey.' },
  )
  .meta({
    id: 'PresenceProof',
    description:
      'Proves that it is you who ask: your password, a second factor that was not used before, or a passkey that answers ' +
      '`POST /me/presence/options`. Ten wrong ones in an hour are 429.',
  })

export const presenceExample = { password: 'correct horse battery staple' }

export const GetPresenceOptions = operation({
  id: 'getPresenceOptions',
  scope: 'none',
  summary: 'Get what a passkey has to answer to prove that it is you who ask',
  description:
    'Takes no body. The answer is for `navigator.credentials.get`, and good for five minutes on this device.',
  examples: { answer: assertionOptionsExample },
  responses: { 201: AssertionOptionsSchema },
})
