import { DarkroomError, invalidField } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Device } from './devices.ts'
import { issueChallenge, takeChallenge } from './factor-challenges.ts'
import { hasFactor } from './has-factor.ts'
import type { Passkeys } from './passkeys.ts'
import type { Passwords } from './passwords.ts'
import type { SecondFactorProof, UseSecondFactor } from './second-factors.ts'
import { markSecondFactor } from './sessions.ts'
import { answeredChallenge, type AssertionOptions } from './webauthn.ts'

/** By what somebody proves that it is they who ask, and now: an access token may have been left behind or copied. */
export type PresenceProof = { password: string } | SecondFactorProof

interface SignedInDevice {
  userId: UserId
  sessionId: string
}

export interface Presence {
  /**
   * Asks a signed-in device for a proof before something grave: what removes credentials, or the account. The password is enough for sessions
   * that proved a second factor, if the account has one: whoever had the password alone has no more of it by a session of before.
   * @throws DarkroomError invalid (of the field) if the proof is wrong, unauthenticated if the account is gone
   */
  assert(viewer: SignedInDevice, proof: PresenceProof, device: Device): Promise<void>
  /** Whether the device signed in within the last ten minutes, by all that the account asks for now: it took what a proof would. */
  hasJustSignedIn(viewer: SignedInDevice): Promise<boolean>
  /** What a passkey of the account has to answer as a proof, on this device. */
  passkeyOptions(viewer: SignedInDevice, device: Device): Promise<AssertionOptions>
}

interface PresenceDeps {
  db: Database
  passwords: Pick<Passwords, 'matches'>
  passkeys: Pick<Passkeys, 'assertionOptions'>
  useSecondFactor: UseSecondFactor
}

// Plan: users_pkey, sessions_pkey, totp_secrets_pkey and passkeys_user_idx; so does the next.
const PASSWORD = `
  SELECT u.password_hash, s.second_factor_at IS NOT NULL OR NOT ${hasFactor('$1')} AS suffices
  FROM users u LEFT JOIN sessions s ON s.session_id = $2 AND s.user_id = $1 WHERE u.user_id = $1`

const JUST_SIGNED_IN = `
  SELECT FROM sessions WHERE session_id = $2 AND user_id = $1 AND revoked_at IS NULL
    AND created_at > now() - interval '10 minutes' AND (second_factor_at IS NOT NULL OR NOT ${hasFactor('$1')})`

export function createPresence({ db, passwords, passkeys, useSecondFactor }: PresenceDeps): Presence {
  async function assertPassword({ userId, sessionId }: SignedInDevice, password: string, device: Device) {
    const [account] = await db.primary<Pick<UserRow, 'password_hash'> & { suffices: boolean }>({
      name: 'presence-password',
      text: PASSWORD,
      values: [userId, sessionId],
    })
    if (!account) throw new DarkroomError('unauthenticated', 'The account no longer exists.')
    if (!(await passwords.matches(password, account.password_hash, device.network)))
      throw invalidField('body.password', 'Wrong.')
    if (!account.suffices)
      throw invalidField(
        'body.password',
        'This device never proved your second factor: send a code or a passkey.',
      )
  }

  /** The challenge that a passkey answers, taken for good; empty for a code, which answers none. */
  async function challengeOf(viewer: SignedInDevice, proof: SecondFactorProof, device: Device) {
    if (!('passkey' in proof)) return ''
    const challenge = answeredChallenge(proof.passkey.response.clientDataJSON)
    const held = challenge !== undefined && (await takeChallenge(db.primary, challenge, 'presence', device))
    const isOwn = held && held.user_id === viewer.userId && held.session_id === viewer.sessionId
    if (!isOwn) throw invalidField('body.passkey', 'Answers no challenge of this session; ask for one.')
    return challenge
  }

  return {
    async assert(viewer, proof, device) {
      if ('password' in proof) return assertPassword(viewer, proof.password, device)
      const challenge = await challengeOf(viewer, proof, device)
      const isRight = await db.transaction(async ({ query }) => {
        if (!(await useSecondFactor(query, viewer.userId, proof, { challenge, device }))) return false
        await markSecondFactor(query, viewer.sessionId)
        return true
      })
      if (!isRight) throw invalidField('passkey' in proof ? 'body.passkey' : 'body.code', 'Wrong.')
    },

    async hasJustSignedIn({ userId, sessionId }) {
      const rows = await db.primary({
        name: 'session-just-opened',
        text: JUST_SIGNED_IN,
        values: [userId, sessionId],
      })
      return rows.length > 0
    },

    async passkeyOptions({ userId, sessionId }, device) {
      const challenge = await issueChallenge(db.primary, { purpose: 'presence', userId, sessionId, device })
      return passkeys.assertionOptions(userId, challenge)
    },
  }
}
