import { z } from 'zod'
import { operation } from '../../operation.ts'
import { characters } from '../inputs.ts'
import { signedInExample } from './examples.ts'
import { assertionExample, assertionOptionsExample } from './factor-examples.ts'
import { secondFactorCode } from './presence-schema.ts'
import { deviceName, SignedInSchema } from './schema.ts'
import { AssertionOptionsSchema, AssertionSchema } from './webauthn-schema.ts'

/** What every sign-in may tell of the device. */
const deviceFields = { deviceName, refreshToken: characters(1, 256).optional() }

export const CreateSession = operation({
  id: 'createSession',
  summary: 'Sign in',
  description:
    'An unknown username and a wrong password get the same answer in the same time. If the account has a second factor, the right password ' +
    'gets 401 `two_factor_required` with a `challenge` for `POST /sessions/two-factor`. A device that sends `refreshToken`, the last one ' +
    'it had, valid or not, is known to the account: it is not announced as new, and what others try counts nothing against it. A ' +
    'suspended account signs in to read what was decided (`GET /me/moderation`), to appeal and to sign out; all else is refused. A ' +
    'deactivated account comes back as it was, and so does one that is to be erased, until that has begun.',
  body: z.strictObject({
    username: characters(1, 256),
    password: characters(1, 256),
    ...deviceFields,
  }),
  examples: {
    body: { username: 'ada', password: 'correct horse battery staple' },
    answer: signedInExample,
  },
  responses: { 201: SignedInSchema },
  errors: ['bad_credentials', 'two_factor_required', 'erasing'],
})

const challenge = characters(1, 64).meta({ description: 'Of `two_factor_required`.' })

export const AnswerChallenge = operation({
  id: 'answerChallenge',
  summary: 'Sign in with a second factor, after the password',
  description:
    'A `code` of your authenticator app or a recovery code, or a `passkey` that answered `passkeyOptions`. A code is good once. A wrong answer ' +
    'is 401 `bad_credentials`; after five of them, or five minutes, the challenge is 401 `unauthenticated`: begin again with the password.',
  body: z.union(
    [
      z.strictObject({ challenge, code: secondFactorCode }),
      z.strictObject({ challenge, passkey: AssertionSchema }),
    ],
    { error: 'A challenge, and either a code or a passkey.' },
  ),
  examples: {
    body: { challenge: assertionOptionsExample.challenge, code: '123456' },
    answer: signedInExample,
  },
  responses: { 201: SignedInSchema },
  errors: ['bad_credentials', 'unauthenticated', 'erasing'],
})

export const GetSignInOptions = operation({
  id: 'getSignInOptions',
  summary: 'Begin to sign in with a passkey alone',
  description:
    'Takes no body. The answer is for `navigator.credentials.get`, and good for five minutes on this device. The passkey says whose it is.',
  examples: {
    answer: { ...assertionOptionsExample, allowCredentials: [], userVerification: 'required' },
  },
  responses: { 201: AssertionOptionsSchema },
})

export const CreateSessionByPasskey = operation({
  id: 'createSessionByPasskey',
  summary: 'Sign in with a passkey alone',
  description:
    'What `navigator.credentials.get` gave, in JSON. The authenticator must have checked who you are, by a finger or a PIN. Everything that is wrong ' +
    'with it is 401 `bad_credentials`; a challenge that was answered or has expired is 401 `unauthenticated`.',
  body: AssertionSchema.extend(deviceFields),
  examples: { body: assertionExample, answer: signedInExample },
  responses: { 201: SignedInSchema },
  errors: ['bad_credentials', 'unauthenticated', 'erasing'],
})
