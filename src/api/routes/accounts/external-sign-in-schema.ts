import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { EXTERNAL_SIGN_IN_SECONDS } from '../../../services/accounts/external-states.ts'
import { operation } from '../../operation.ts'
import { characters, idOf, instant, line, listOf, pageQuery } from '../inputs.ts'
import { signedInExample } from './examples.ts'
import { presenceExample } from './presence-schema.ts'
import { deviceName, newUsername, SignedInSchema } from './schema.ts'
import { proofUnlessJustSignedIn } from './two-factor-schema.ts'

const ProviderParams = z.strictObject({
  provider: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .max(MAX_CHARACTERS.providerName)
    .meta({ description: 'As the operator of the service calls it.' }),
})

const IdentitySchema = z
  .object({
    id: z.string(),
    provider: z.string().nullable().meta({ description: 'Null if it no longer signs in anybody.' }),
    issuer: z.string(),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
  })
  .meta({ id: 'Identity' })

const identityExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000005',
  provider: 'example',
  issuer: 'https://id.example.org',
  createdAt: '2026-03-01T08:00:00.000Z',
  lastUsedAt: '2026-03-09T19:30:00.000Z',
}

export const BeginExternalSignIn = operation({
  id: 'beginExternalSignIn',
  scope: 'none',
  summary: 'Begin to sign in through a provider, or to link it',
  description:
    'OpenID Connect: send the browser to `url`. It comes back to the callback, or to the page that the operator named, which passes the query on to ' +
    'the callback. The cookie of this answer has to come along then (`credentials: "include"` in `fetch`). Signed in, it links your ' +
    'account, on a device that signed in within the last ten minutes (403 `presence_required`).',
  params: ProviderParams,
  query: z.strictObject({ deviceName }),
  examples: {
    answer: { url: 'https://id.example.org/authorize?client_id=…', expiresIn: EXTERNAL_SIGN_IN_SECONDS },
  },
  responses: {
    200: z.object({
      url: z.string(),
      expiresIn: z.number().int().meta({ description: 'Seconds until it is too late to come back.' }),
    }),
  },
  errors: ['not_found', 'presence_required', 'unavailable'],
})

/** Of an error code, which comes by the browser: it is compared and not shown. */
const MAX_ERROR = 100
const MAX_CODE = 4_096
const MAX_URI = 2_000

export const FinishExternalSignIn = operation({
  id: 'finishExternalSignIn',
  summary: 'Come back from a provider',
  description:
    'Once, within ten minutes, in the browser that began. Signs in the account that has the identity (201), or links the account that began (200). ' +
    'If nobody has it, 401 `sign_up_required` brings a `ticket` for `POST /auth/{provider}/sign-up`: whoever has an account signs in to it and ' +
    'links it instead; e-mail addresses are never looked at. A second factor is asked for as after a password (401 `two_factor_required`). ' +
    'Parameters that are not known are ignored, as the standard has it.',
  params: ProviderParams,
  query: z.looseObject({
    state: characters(1, MAX_CODE),
    code: characters(1, MAX_CODE).optional(),
    iss: characters(1, MAX_URI).optional(),
    error: characters(1, MAX_ERROR).optional(),
  }),
  examples: { answer: signedInExample },
  responses: { 200: z.object({ identity: IdentitySchema }), 201: SignedInSchema },
  errors: [
    ...([
      'not_found',
      'unauthenticated',
      'provider_refused',
      'sign_up_required',
      'two_factor_required',
    ] as const),
    ...(['identity_taken', 'quota_exceeded', 'unavailable'] as const),
  ],
})

export const SignUpExternally = operation({
  id: 'signUpExternally',
  summary: 'Sign up with what a provider vouched for',
  description:
    'With the `ticket` of `sign_up_required`, good for ten minutes and one account. The account has no password; `PUT /me/password` sets one.',
  params: ProviderParams,
  body: z.strictObject({
    ticket: characters(1, 64),
    username: newUsername,
    displayName: line(MAX_CHARACTERS.displayName).optional(),
    deviceName,
  }),
  examples: {
    body: { ticket: 'Jb3sV1m0p7Qx2cE9kLr5tYw8Jb3sV1m0p7Qx2cE9kLr', username: 'ada' },
    answer: signedInExample,
  },
  responses: { 201: SignedInSchema },
  errors: ['not_found', 'unauthenticated', 'username_taken', 'identity_taken'],
})

export const ListIdentities = operation({
  id: 'listIdentities',
  scope: 'none',
  summary: 'List the identities that sign in to your account, latest first',
  description: `Of providers; at most ${MAX_ITEMS.identitiesPerUser}.`,
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [identityExample], nextCursor: null } },
  gives: { identityId: '/items/0/id' },
  responses: { 200: listOf(IdentitySchema) },
  errors: ['bad_cursor'],
})

export const DeleteIdentity = operation({
  id: 'deleteIdentity',
  scope: 'none',
  summary: 'Unlink an identity',
  description:
    'It signs in to your account no more. Refused (409 `last_way_in`) if you have neither a password nor another identity. Needs a proof that it ' +
    'is you who ask, unless this device signed in within the last ten minutes (403 `presence_required`).',
  params: z.strictObject({ identityId: idOf('identity') }),
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample },
  responses: { 204: null },
  errors: ['not_found', 'last_way_in', 'presence_required'],
})
