import { errors, jwtVerify, SignJWT } from 'jose'
import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'

export interface AccessTokens {
  issue(account: { userId: UserId; sessionId: string }): Promise<{ accessToken: string; expiresIn: number }>
  /** @throws DarkroomError token_expired, unauthenticated */
  verify(token: string): Promise<{ userId: UserId; sessionId: string }>
}

export interface AccessTokenOptions {
  /** The first key signs and all verify, which allows key rotation. */
  keys: readonly { kid: string; secret: Uint8Array }[]
  lifetimeSeconds: number
}

const ALGORITHM = 'HS256'
/** RFC 9068: no other token signed with the same key passes for an access token. */
const TYPE = 'at+jwt'
/** Checking a signature costs a tenth of a feed read; a token is used for many requests. Some 500 bytes each. */
const MAX_REMEMBERED = 10_000
const ISSUER = 'darkroom'
const AUDIENCE = 'darkroom-api'

/**
 * Access tokens: JWT with a pinned algorithm, type, issuer and audience, and a key named by `kid`. They live
 * for at most 5 minutes and are not looked up here; see standings.ts for those of sessions that have ended.
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const signing = options.keys[0]!
  const secrets = new Map(options.keys.map((key) => [key.kid, key.secret]))
  const remembered = new Map<string, { userId: UserId; sessionId: string; expiresAtSeconds: number }>()

  /** Tokens are valid until they expire (see above), so a verified one stays verified. */
  function remember(token: string, userId: UserId, sessionId: string, expiresAtSeconds: number): void {
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
    remembered.set(token, { userId, sessionId, expiresAtSeconds })
  }

  return {
    async issue({ userId, sessionId }) {
      const accessToken = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signing.kid })
        .setSubject(userId)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(`${options.lifetimeSeconds}s`)
        .sign(signing.secret)
      return { accessToken, expiresIn: options.lifetimeSeconds }
    },

    async verify(token) {
      const known = remembered.get(token)
      if (known && known.expiresAtSeconds > Math.floor(Date.now() / 1000)) {
        return { userId: known.userId, sessionId: known.sessionId }
      }
      remembered.delete(token)
      try {
        const { payload } = await jwtVerify(
          token,
          ({ kid }) => {
            const secret = kid === undefined ? undefined : secrets.get(kid)
            if (!secret) throw new errors.JWKSNoMatchingKey()
            return secret
          },
          {
            algorithms: [ALGORITHM],
            typ: TYPE,
            issuer: ISSUER,
            audience: AUDIENCE,
            requiredClaims: ['sub', 'sid', 'exp', 'iat'],
          },
        )
        const { sub, sid, exp } = payload
        if (typeof sid !== 'string' || !/^\d{1,19}$/.test(sub!)) throw new errors.JWTInvalid('claims')
        remember(token, sub!, sid, exp!)
        return { userId: sub!, sessionId: sid }
      } catch (cause) {
        if (cause instanceof errors.JWTExpired) {
          throw new DarkroomError('token_expired', 'The access token has expired; refresh it.', { cause })
        }
        if (cause instanceof errors.JOSEError) {
          throw new DarkroomError('unauthenticated', 'The access token is not valid.', { cause })
        }
        throw cause
      }
    },
  }
}
