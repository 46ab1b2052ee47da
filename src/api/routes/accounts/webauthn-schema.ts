import { z } from 'zod'

/** What browsers call `PublicKeyCredential`, in JSON (WebAuthn 3, 5.1). Browsers add to it, so further members are left out. */
const base64url = (maxCharacters: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'base64url expected.')
    .max(maxCharacters)

/** 1,023 bytes at most, says the standard. */
const credentialId = base64url(1_364)
const MAX_CLIENT_DATA = 4_096
const MAX_AUTHENTICATOR_DATA = 16_384

const clientExtensionResults = z
  .object({})
  .default({})
  .meta({ description: 'Not read.', override: { type: 'object' } })

const credential = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  clientExtensionResults,
}

export const RegistrationSchema = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(MAX_CLIENT_DATA),
      attestationObject: base64url(MAX_AUTHENTICATOR_DATA),
      transports: z.array(z.string().max(32)).max(16).optional(),
    }),
  })
  .meta({ id: 'PasskeyRegistration', description: 'What `navigator.credentials.create` gave, in JSON.' })

export const AssertionSchema = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(MAX_CLIENT_DATA),
      authenticatorData: base64url(MAX_AUTHENTICATOR_DATA),
      signature: base64url(MAX_AUTHENTICATOR_DATA),
      userHandle: base64url(128).nullish(),
    }),
  })
  .meta({ id: 'PasskeyAssertion', description: 'What `navigator.credentials.get` gave, in JSON.' })

const descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).optional(),
})

export const AssertionOptionsSchema = z
  .object({
    challenge: z.string(),
    rpId: z.string(),
    timeout: z.number().int(),
    allowCredentials: z.array(descriptor),
    userVerification: z.enum(['required', 'preferred']),
  })
  .meta({ id: 'PasskeyAssertionOptions' })

export const RegistrationOptionsSchema = z
  .object({
    challenge: z.string(),
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number().int() })),
    timeout: z.number().int(),
    attestation: z.literal('none'),
    excludeCredentials: z.array(descriptor),
    authenticatorSelection: z.record(z.string(), z.unknown()),
    extensions: z.record(z.string(), z.unknown()).optional(),
    hints: z.array(z.string()).optional(),
  })
  .meta({ id: 'PasskeyRegistrationOptions' })
