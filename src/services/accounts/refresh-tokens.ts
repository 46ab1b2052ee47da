import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../../domain/ids.ts'

/** What a refresh token says: the session that it renews, and how often that was renewed before. */
interface RefreshClaim {
  sessionId: string
  generation: number
}

export interface RefreshTokens {
  /** `<session>.<generation>.<MAC>`; the same for the same claim. */
  issue(claim: RefreshClaim): string
  /** What a token of ours says; undefined for every other text. Whether its session stands is not asked. */
  read(token: string): RefreshClaim | undefined
}

const GENERATION = /^(?:0|[1-9][0-9]{0,8})$/
const KEY_BYTES = 32

/**
 * Refresh tokens that need no rows: a MAC (HMAC-SHA-256) says that we issued them, and the session's row, which of them is the present
 * one. They are signed with keys of their own, derived (HKDF, RFC 5869) from those of access tokens.
 * @param keys the first signs, all verify, which allows key rotation
 */
export function createRefreshTokens(keys: readonly { secret: Uint8Array }[]): RefreshTokens {
  const derived = keys.map(({ secret }) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'darkroom refresh token', KEY_BYTES)),
  )
  const macOf = (key: Buffer, { sessionId, generation }: RefreshClaim) =>
    createHmac('sha256', key).update(`${sessionId}.${generation}`).digest()

  return {
    issue: (claim) =>
      `${claim.sessionId}.${claim.generation}.${macOf(derived[0]!, claim).toString('base64url')}`,
    read(token) {
      const [sessionId = '', generation = '', mac = '', ...rest] = token.split('.')
      if (rest.length > 0 || !isUuid(sessionId) || !GENERATION.test(generation)) return undefined
      const claim = { sessionId, generation: Number(generation) }
      const given = Buffer.from(mac, 'base64url')
      const isOurs = derived.some((key) => {
        const expected = macOf(key, claim)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      return isOurs ? claim : undefined
    },
  }
}
