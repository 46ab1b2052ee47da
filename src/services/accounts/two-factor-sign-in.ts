import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { hasSecondFactor, methodsOf } from '../../domain/two-factor.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Device, Devices } from './devices.ts'
import {
  countWrongAnswer,
  holdChallenge,
  issueChallenge,
  lookAtChallenge,
  takeChallenge,
} from './factor-challenges.ts'
import type { Passkeys } from './passkeys.ts'
import { secondFactorsOf, type SecondFactorProof, type UseSecondFactor } from './second-factors.ts'
import type { UsePasskey } from './use-passkey.ts'
import { answeredChallenge, type AssertionOptions, type PasskeyAssertion, type WebAuthn } from './webauthn.ts'

/** A sign-in whose password was right, and the device as it was told of then. */
export interface PendingSignIn {
  userId: UserId
  device: Device
}

export interface TwoFactorSignIn {
  /** After the right password. @throws DarkroomError two_factor_required, with a challenge, if the account has a second factor */
  assertNotRequired(userId: UserId, device: Device): Promise<void>
  /** The sign-in that waits for an answer to the challenge, from this device. @throws DarkroomError unauthenticated */
  pending(challenge: string, device: Device): Promise<PendingSignIn>
  /** Answers it, once. @throws DarkroomError unauthenticated, bad_credentials for a wrong answer, of which there may be five */
  complete(challenge: string, pending: PendingSignIn, proof: SecondFactorProof): Promise<void>
  /** What a passkey has to answer to sign in by itself. */
  passkeyOptions(device: Device): Promise<AssertionOptions>
  /** The account that a passkey signs in to. @throws DarkroomError bad_credentials */
  byPasskey(assertion: PasskeyAssertion, device: Device): Promise<UserId>
}

interface TwoFactorSignInDeps {
  db: Database
  devices: Pick<Devices, 'provenSession'>
  passkeys: Pick<Passkeys, 'assertionOptions'>
  webAuthn: Pick<WebAuthn, 'assertionOptions'>
  usePasskey: UsePasskey
  useSecondFactor: UseSecondFactor
}

export function createTwoFactorSignIn(deps: TwoFactorSignInDeps): TwoFactorSignIn {
  const { db, devices, passkeys, webAuthn, usePasskey, useSecondFactor } = deps
  return {
    async assertNotRequired(userId, device) {
      const factors = await secondFactorsOf(db.primary, userId)
      if (!hasSecondFactor(factors)) return
      const challenge = await issueChallenge(db.primary, {
        purpose: 'sign_in',
        userId,
        sessionId: devices.provenSession(device),
        device,
      })
      throw new DarkroomError(
        'two_factor_required',
        'Send a second factor to POST /v1/sessions/two-factor.',
        {
          members: {
            challenge,
            methods: methodsOf(factors),
            ...(factors.passkeys > 0 && {
              passkeyOptions: await passkeys.assertionOptions(userId, challenge),
            }),
          },
        },
      )
    },

    async pending(challenge, device) {
      const held = await lookAtChallenge(db.primary, challenge, 'sign_in', device)
      if (!held?.user_id) throw challengeGone()
      const { user_id: userId, session_id: provenSessionId, device_name: name } = held
      return { userId, device: { ...device, name, provenSessionId } }
    },

    async complete(challenge, { userId, device }, proof) {
      // A wrong answer has to be counted, so that it is not thrown within the transaction.
      const outcome = await db.transaction(async ({ query }) => {
        if (!(await holdChallenge(query, challenge, 'sign_in', device))) return 'gone'
        if (await useSecondFactor(query, userId, proof, { challenge, device })) {
          await takeChallenge(query, challenge, 'sign_in', device)
          return 'right'
        }
        await countWrongAnswer(query, challenge)
        return 'wrong'
      })
      if (outcome === 'gone') throw challengeGone()
      if (outcome === 'wrong') throw isWrong()
    },

    async passkeyOptions(device) {
      const challenge = await issueChallenge(db.primary, {
        purpose: 'passkey_sign_in',
        userId: null,
        sessionId: null,
        device,
      })
      return webAuthn.assertionOptions(challenge, [], 'required')
    },

    async byPasskey(assertion, device) {
      const challenge = answeredChallenge(assertion.response.clientDataJSON)
      if (challenge === undefined) throw isWrong()
      if (!(await takeChallenge(db.primary, challenge, 'passkey_sign_in', device))) throw challengeGone()
      const userId = await db.transaction(({ query }) =>
        usePasskey(query, { assertion, challenge, role: 'alone' }, device),
      )
      if (userId === undefined) throw isWrong()
      return userId
    },
  }
}

const challengeGone = () =>
  new DarkroomError(
    'unauthenticated',
    'The challenge was answered, has expired or is not of this device; sign in again.',
  )

const isWrong = () => new DarkroomError('bad_credentials', 'The second factor is wrong.')
