import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { decodeAttestationObject, decodeClientDataJSON, isoCBOR } from '@simplewebauthn/server/helpers'
import type { UserId } from '../../domain/ids.ts'
import { CHALLENGE_SECONDS } from './factor-challenges.ts'

/** What a client sends, in the form that it has once the API has checked that: members may be `undefined` instead of absent. */
export type PasskeyRegistration = Omit<RegistrationResponseJSON, 'response'> & {
  response: { clientDataJSON: string; attestationObject: string; transports?: string[] | undefined }
}
export type PasskeyAssertion = Omit<AuthenticationResponseJSON, 'response'> & {
  response: {
    clientDataJSON: string
    authenticatorData: string
    signature: string
    userHandle?: string | null | undefined
  }
}
export type RegistrationOptions = PublicKeyCredentialCreationOptionsJSON
export type AssertionOptions = PublicKeyCredentialRequestOptionsJSON

/** To whom passkeys are bound: browsers give them to these origins alone. */
interface RelyingParty {
  /** The domain, without scheme and port. */
  id: string
  name: string
  origins: readonly string[]
}

/** A passkey as authenticators know it. */
interface Credential {
  credentialId: Buffer
  transports: readonly string[]
}

interface VerifiedRegistration {
  credentialId: Buffer
  publicKey: Buffer
  signCount: number
  transports: string[]
  isBackedUp: boolean
}

/** EdDSA, ES256 and RS256, which all authenticators together know (COSE numbers). */
const ALGORITHMS = [-8, -7, -257]

/**
 * The ceremonies of WebAuthn. What a client sends either proves what it says, or is `undefined`: why it does not is nobody's
 * business but a debugger's.
 */
export function createWebAuthn({ id: rpId, name: rpName, origins }: RelyingParty) {
  const expectedOrigin = [...origins]
  const described = ({ credentialId, transports }: Credential) => ({
    id: credentialId.toString('base64url'),
    transports: [...transports],
  })

  return {
    /** Discoverable if the authenticator can, so that it signs in by itself. */
    registrationOptions: (
      account: { userId: UserId; username: string; displayName: string | null },
      challenge: string,
      existing: readonly Credential[],
    ): Promise<RegistrationOptions> =>
      generateRegistrationOptions({
        rpID: rpId,
        rpName,
        userID: handleOf(account.userId),
        userName: account.username,
        userDisplayName: account.displayName ?? account.username,
        challenge: bytesOf(challenge),
        timeout: CHALLENGE_SECONDS * 1000,
        attestationType: 'none',
        excludeCredentials: existing.map(described),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        supportedAlgorithmIDs: ALGORITHMS,
      }),

    /** @param allowed those of an account that is known; none if the passkey is to say whose it is */
    assertionOptions: (
      challenge: string,
      allowed: readonly Credential[],
      userVerification: 'required' | 'preferred',
    ): Promise<AssertionOptions> =>
      generateAuthenticationOptions({
        rpID: rpId,
        challenge: bytesOf(challenge),
        timeout: CHALLENGE_SECONDS * 1000,
        allowCredentials: allowed.map(described),
        userVerification,
      }),

    verifyRegistration: (response: PasskeyRegistration, challenge: string) =>
      unlessRefused(async (): Promise<VerifiedRegistration | undefined> => {
        const { registrationInfo } = await verifyRegistrationResponse({
          response: withoutAttestation(response),
          expectedChallenge: challenge,
          expectedOrigin,
          expectedRPID: rpId,
          requireUserVerification: false,
          supportedAlgorithmIDs: ALGORITHMS,
        })
        if (!registrationInfo) return undefined
        const { credential, credentialBackedUp } = registrationInfo
        return {
          credentialId: Buffer.from(credential.id, 'base64url'),
          publicKey: Buffer.from(credential.publicKey),
          signCount: credential.counter,
          transports: credential.transports ?? [],
          isBackedUp: credentialBackedUp,
        }
      }),

    /** Whether the count has risen is the caller's to see, in the statement that stores it. */
    verifyAssertion: (
      response: PasskeyAssertion,
      challenge: string,
      passkey: { publicKey: Buffer },
      { requireUserVerification }: { requireUserVerification: boolean },
    ) =>
      unlessRefused(async () => {
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: response as AuthenticationResponseJSON,
          expectedChallenge: challenge,
          expectedOrigin,
          expectedRPID: rpId,
          requireUserVerification,
          credential: { id: response.id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
        })
        if (!verified) return undefined
        return { signCount: authenticationInfo.newCounter, isBackedUp: authenticationInfo.credentialBackedUp }
      }),
  }
}

export type WebAuthn = ReturnType<typeof createWebAuthn>

/** The challenge that a client says it answers; undefined for what is no client data. */
export function answeredChallenge(clientDataJSON: string): string | undefined {
  try {
    const { challenge } = decodeClientDataJSON(clientDataJSON)
    return typeof challenge === 'string' ? challenge : undefined
  } catch {
    return undefined
  }
}

/** The account that a passkey says it is of; undefined if it says nothing. */
export const ownerInHandle = ({ response: { userHandle } }: PasskeyAssertion): UserId | undefined =>
  userHandle === undefined || userHandle === null
    ? undefined
    : Buffer.from(userHandle, 'base64url').toString('latin1')

/** The number of the account, which everybody may know. */
const handleOf = (userId: UserId) => new Uint8Array(Buffer.from(userId, 'latin1'))

const bytesOf = (challenge: string) => new Uint8Array(Buffer.from(challenge, 'base64url'))

/** Without what the maker says of the authenticator: the library would ask addresses in its certificates whether they are revoked. */
function withoutAttestation({ response, ...registration }: PasskeyRegistration): RegistrationResponseJSON {
  const { clientDataJSON, attestationObject, transports = [] } = response
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
  const bare = isoCBOR.encode(
    new Map<string, string | Map<string, never> | Uint8Array>([
      ['fmt', 'none'],
      ['attStmt', new Map<string, never>()],
      ['authData', decoded.get('authData')],
    ]),
  )
  const stripped = Buffer.from(bare).toString('base64url')
  return { ...registration, response: { clientDataJSON, attestationObject: stripped, transports } }
}

/** The library throws plain errors for whatever it refuses. */
async function unlessRefused<Result>(verify: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await verify()
  } catch {
    return undefined
  }
}
