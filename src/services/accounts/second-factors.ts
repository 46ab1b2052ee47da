import type { UserId } from '../../domain/ids.ts'
import { readCode, type SecondFactors } from '../../domain/two-factor.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Device } from './devices.ts'
import { hasFactor } from './has-factor.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import type { Totp } from './totp.ts'
import type { UsePasskey } from './use-passkey.ts'
import type { PasskeyAssertion } from './webauthn.ts'

/** A code of an authenticator app or recovery code, or a passkey's answer to a challenge. */
export type SecondFactorProof = { code: string } | { passkey: PasskeyAssertion }

/**
 * Takes a second factor of an account; each does once.
 * @param challenge what a passkey has to answer
 * @returns whether it was right
 */
export type UseSecondFactor = (
  query: Query,
  userId: UserId,
  proof: SecondFactorProof,
  about: { challenge: string; device: Device },
) => Promise<boolean>

export function createUseSecondFactor(deps: {
  totp: Pick<Totp, 'use'>
  recoveryCodes: Pick<RecoveryCodes, 'use'>
  usePasskey: UsePasskey
}): UseSecondFactor {
  const { totp, recoveryCodes, usePasskey } = deps
  return async (query, userId, proof, { challenge, device }) => {
    if ('passkey' in proof) {
      const answer = { assertion: proof.passkey, challenge, role: 'beside the password' } as const
      return (await usePasskey(query, answer, device)) === userId
    }
    const typed = readCode(proof.code)
    if (!typed) return false
    return typed.method === 'totp'
      ? totp.use(query, userId, typed.code)
      : recoveryCodes.use(query, userId, typed.code, device)
  }
}

// Plan: totp_secrets_pkey, passkeys_user_idx, recovery_codes_pkey; some thirty rows at most.
const FACTORS = `
  SELECT EXISTS (SELECT FROM totp_secrets WHERE user_id = $1 AND is_confirmed) AS totp,
    (SELECT count(*)::integer FROM passkeys WHERE user_id = $1) AS passkeys,
    (SELECT count(*)::integer FROM recovery_codes WHERE user_id = $1) AS recovery_codes`

/** What an account has, on the primary: what was just added is asked for, and what was removed is not. */
export async function secondFactorsOf(primary: Query, userId: UserId): Promise<SecondFactors> {
  const [row] = await primary<{ totp: boolean; passkeys: number; recovery_codes: number }>({
    name: 'second-factors',
    text: FACTORS,
    values: [userId],
  })
  const { totp, passkeys, recovery_codes: recoveryCodes } = row!
  return { totp, passkeys, recoveryCodes }
}

// Plan: sessions_pkey, totp_secrets_pkey and passkeys_user_idx.
const PROVEN = `
  SELECT FROM sessions s
  WHERE s.session_id = $2 AND s.user_id = $1 AND s.second_factor_at IS NOT NULL AND ${hasFactor('$1')}`

/**
 * Whether the account has a second factor, and the session proved one: those that somebody opened with the password alone, before there was
 * a factor, have not.
 */
export async function hasProvenFactor(
  primary: Query,
  { userId, sessionId }: { userId: UserId; sessionId: string },
): Promise<boolean> {
  const rows = await primary({ name: 'proven-factor', text: PROVEN, values: [userId, sessionId] })
  return rows.length > 0
}
