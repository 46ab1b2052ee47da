import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'

/** By which push services know this installation (RFC 8292). */
export interface Vapid {
  /** An uncompressed point of P-256, in base64url; browsers subscribe with it. */
  publicKey: string
  /** @returns the header `Authorization` of a request to an endpoint */
  authorize: (endpoint: URL) => Promise<string>
}

/** Services accept a day at most. */
const LIFETIME = '12h'
const KEY = /^[0-9a-f]{64}$/i

/**
 * @param key 32 random bytes, in hex; another one ends all subscriptions
 * @param contact a URL or mailto: address at which services reach the operator
 * @throws RangeError if it is no key
 */
export function createVapid(key: string, contact: string): Vapid {
  const { publicKey, signing } = pairOf(key)
  return {
    publicKey,
    async authorize(endpoint) {
      const token = await new SignJWT()
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
        .setAudience(endpoint.origin)
        .setExpirationTime(LIFETIME)
        .setSubject(contact)
        .sign(signing)
      return `vapid t=${token}, k=${publicKey}`
    },
  }
}

function pairOf(key: string): { publicKey: string; signing: KeyObject } {
  const pair = createECDH('prime256v1')
  try {
    if (!KEY.test(key)) throw new RangeError('not 64 hex digits')
    // One of four billion is no scalar of the curve.
    pair.setPrivateKey(key, 'hex')
  } catch (error) {
    throw new RangeError('WEB_PUSH_KEY is not a key: make one with `openssl rand -hex 32`', { cause: error })
  }
  const point = pair.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'))
  const d = Buffer.from(key, 'hex').toString('base64url')
  return {
    publicKey: point.toString('base64url'),
    signing: createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d, x: x!, y: y! }, format: 'jwk' }),
  }
}
