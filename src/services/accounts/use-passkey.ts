import type { UserId } from '../../domain/ids.ts'
import type { PasskeyRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Device } from './devices.ts'
import type { SecurityEvents } from './security-events.ts'
import { ownerInHandle, type PasskeyAssertion, type WebAuthn } from './webauthn.ts'

/**
 * Takes a passkey's answer to a challenge. One whose count has not risen is a copy of another: it is refused, and the account told.
 * @returns the account that the passkey is of, if the answer is right
 */
export type UsePasskey = (
  query: Query,
  answer: { assertion: PasskeyAssertion; challenge: string; role: PasskeyRole },
  device: Device,
) => Promise<UserId | undefined>

/** Beside a password it stands for what one has; alone it has to prove who one is too, by a finger or a PIN. */
type PasskeyRole = 'alone' | 'beside the password'

// Two at once of one count: the second waits for the row and finds the count taken. Many passkeys do not count, and stay at 0.
const COUNT = `
  UPDATE passkeys SET sign_count = $2, is_backed_up = $3, last_used_at = now()
  WHERE passkey_id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING 1`

export function createUsePasskey({
  webAuthn,
  securityEvents,
}: {
  webAuthn: WebAuthn
  securityEvents: Pick<SecurityEvents, 'record'>
}): UsePasskey {
  return async (query, { assertion, challenge, role }, device) => {
    const isAlone = role === 'alone'
    const [passkey] = await query<Pick<PasskeyRow, 'passkey_id' | 'user_id' | 'public_key'>>({
      name: 'passkey-by-credential',
      text: 'SELECT passkey_id, user_id, public_key FROM passkeys WHERE credential_id = $1',
      values: [Buffer.from(assertion.id, 'base64url')],
    })
    if (!passkey) return undefined
    const owner = ownerInHandle(assertion)
    if (owner === undefined ? isAlone : owner !== passkey.user_id) return undefined
    const verified = await webAuthn.verifyAssertion(
      assertion,
      challenge,
      { publicKey: passkey.public_key },
      { requireUserVerification: isAlone },
    )
    if (!verified) return undefined
    const counted = await query({
      name: 'passkey-count',
      text: COUNT,
      values: [passkey.passkey_id, verified.signCount, verified.isBackedUp],
    })
    if (counted.length > 0) return passkey.user_id
    await securityEvents.record(query, passkey.user_id, 'passkey_copied', device)
    return undefined
  }
}
