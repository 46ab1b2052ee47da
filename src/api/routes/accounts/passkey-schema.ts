import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, line, listOf, pageQuery } from '../inputs.ts'
import { passkeyExample, registrationExample, registrationOptionsExample } from './factor-examples.ts'
import { presenceExample } from './presence-schema.ts'
import { proofUnlessJustSignedIn } from './two-factor-schema.ts'
import { RegistrationOptionsSchema, RegistrationSchema } from './webauthn-schema.ts'

const PasskeySchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    backedUp: z.boolean().meta({ description: 'More than one device has it.' }),
    createdAt: instant,
    lastUsedAt: instant.nullable(),
  })
  .meta({ id: 'Passkey' })

export const GetPasskeyOptions = operation({
  id: 'getPasskeyOptions',
  scope: 'none',
  summary: 'Begin to add a passkey',
  description:
    'The answer is for `navigator.credentials.create`, and good for five minutes on this device. Needs a proof that it is you who ask, ' +
    'unless this device signed in within the last ten minutes (403 `presence_required`).',
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample, answer: registrationOptionsExample },
  responses: { 201: RegistrationOptionsSchema },
  errors: ['presence_required'],
})

export const CreatePasskey = operation({
  id: 'createPasskey',
  scope: 'none',
  summary: 'Add a passkey',
  description:
    'What `navigator.credentials.create` gave, in JSON, and a `name` if you like. A passkey is a second factor; one that checks who you are, by a ' +
    'finger or a PIN, also signs in by itself.',
  body: RegistrationSchema.extend({ name: line(MAX_CHARACTERS.passkeyName).optional() }),
  examples: {
    body: { ...registrationExample, name: 'Ada’s phone' },
    answer: { passkey: { ...passkeyExample, lastUsedAt: null } },
  },
  gives: { passkeyId: '/passkey/id' },
  responses: { 201: z.object({ passkey: PasskeySchema }) },
  errors: ['quota_exceeded'],
})

export const ListPasskeys = operation({
  id: 'listPasskeys',
  scope: 'none',
  summary: 'List your passkeys, latest first',
  description: `At most ${MAX_ITEMS.passkeysPerUser}.`,
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [passkeyExample], nextCursor: null } },
  responses: { 200: listOf(PasskeySchema) },
  errors: ['bad_cursor'],
})

export const DeletePasskey = operation({
  id: 'deletePasskey',
  scope: 'none',
  summary: 'Delete a passkey',
  description:
    'It is refused from then on. With your last second factor, your recovery codes go too. Needs a proof that it is you who ask, unless ' +
    'this device signed in within the last ten minutes (403 `presence_required`).',
  params: z.strictObject({ passkeyId: idOf('passkey') }),
  body: proofUnlessJustSignedIn,
  examples: { body: presenceExample },
  responses: { 204: null },
  errors: ['not_found', 'presence_required'],
})
