import { createHmac, hkdfSync } from 'node:crypto'
import type { UserId } from '../../domain/ids.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Query } from '../../infra/db/database.ts'
import type { RefreshTokens } from './refresh-tokens.ts'

/** What a request tells of the device that it comes from. */
export interface Device {
  userAgent: string
  /** The network as rate limits count it: an IPv4 address, or the /64 of an IPv6 address. */
  network: string
  /** What the person calls it. */
  name?: string | null | undefined
  /** Any refresh token that it was given once, which proves that it signed in before. */
  refreshToken?: string | undefined
  /** The session that such a token proved at an earlier step of the sign-in. */
  provenSessionId?: string | null | undefined
}

export interface Devices {
  /** Whether somebody signed in to the account from this network or device before, and was not forgotten since. */
  isKnown(query: Query, userId: UserId, device: Device): Promise<boolean>
  /** The session of the device's refresh token, if the token is one of ours; null if not. */
  provenSession(device: Device): string | null
  /** Equal for all sign-ins of one account from one network; different for other accounts. */
  networkDigest(userId: UserId, device: Device): Buffer
  /** Equal for one network until midnight (UTC), whatever the account. */
  dailyDigest(device: Device, at: Date): Buffer
}

const KEY_BYTES = 32
const DIGEST_BYTES = 12

/**
 * Recognizes devices without storing addresses: digests are keyed (HMAC-SHA-256), so that nobody who has the database alone
 * finds the address behind one by trying all of them.
 * @param keys those of access tokens; after a rotation, networks are new once
 */
export function createDevices(
  keys: readonly { secret: Uint8Array }[],
  refreshTokens: Pick<RefreshTokens, 'read'>,
): Devices {
  const key = Buffer.from(hkdfSync('sha256', keys[0]!.secret, '', 'darkroom networks', KEY_BYTES))
  const digest = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, DIGEST_BYTES)
  const networkDigest = (userId: UserId, { network }: Device) => digest(`account ${userId} ${network}`)
  const provenSession = ({ refreshToken, provenSessionId = null }: Device) =>
    refreshToken === undefined ? provenSessionId : (refreshTokens.read(refreshToken)?.sessionId ?? null)

  return {
    async isKnown(query, userId, device) {
      const rows = await query({
        name: 'device-known',
        text: KNOWN,
        values: [userId, networkDigest(userId, device), provenSession(device)],
      })
      return rows.length > 0
    },
    provenSession,
    networkDigest,
    dailyDigest: ({ network }, at) => digest(`day ${at.toISOString().slice(0, 10)} ${network}`),
  }
}

// Plan: sessions_user_idx. Sessions that have ended count until they are swept.
const KNOWN = `
  SELECT FROM sessions WHERE user_id = $1 AND (network = $2 OR session_id = $3::uuid) LIMIT 1`

/** Header values are Latin-1 as Node reads them; control characters have no place in a list of devices. */
export function storableUserAgent(userAgent: string): string | null {
  const shown = userAgent.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_CHARACTERS.userAgent)
  return shown === '' ? null : shown
}
