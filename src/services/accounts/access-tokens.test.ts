import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAccessTokens } from './access-tokens.ts'

const SECRET = Buffer.alloc(32, 1)
const OLD_SECRET = Buffer.alloc(32, 2)
const KEYS = [
  { kid: 'new', secret: SECRET },
  { kid: 'old', secret: OLD_SECRET },
]
const tokens = createAccessTokens({ keys: KEYS, lifetimeSeconds: 300 })
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds

interface Forged {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  secret?: Parameters<SignJWT['sign']>[0]
}

/** A token like ours but for what is given; undefined leaves a part out. */
function forged({ header, claims, secret = SECRET }: Forged = {}): Promise<string> {
  return new SignJWT({
    sub: '7',
    sid: 'session',
    iss: 'darkroom',
    aud: 'darkroom-api',
    iat: inSeconds(0),
    exp: inSeconds(300),
    ...claims,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'new', ...header })
    .sign(secret, { crit: { ext: true } })
}

const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const unsigned = () =>
  new UnsecuredJWT({ sub: '7', sid: 'session' })
    .setIssuer('darkroom')
    .setAudience('darkroom-api')
    .setIssuedAt()
    .setExpirationTime('5m')
    .encode()

async function withHeader(header: object): Promise<string> {
  const [, ...rest] = (await forged()).split('.')
  return [encoded(header), ...rest].join('.')
}

describe('an access token', () => {
  it('names the account and session that it was issued to', async () => {
    const { accessToken } = await tokens.issue({ userId: '7', sessionId: 'session' })
    expect(await tokens.verify(accessToken)).toEqual({ userId: '7', sessionId: 'session' })
    expect(await tokens.verify(accessToken)).toEqual({ userId: '7', sessionId: 'session' })
    expect(await tokens.verify(await forged())).toEqual({ userId: '7', sessionId: 'session' })
  })

  it('is verified by a former key that is still listed', async () => {
    const token = await forged({ header: { kid: 'old' }, secret: OLD_SECRET })
    expect(await tokens.verify(token)).toEqual({ userId: '7', sessionId: 'session' })
  })

  it('is refused as expired once its time is over, every time', async () => {
    const token = await forged({ claims: { exp: inSeconds(-1) } })
    for (const _ of [1, 2])
      await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  const refused: Record<string, () => string | Promise<string>> = {
    'has no signature (alg none)': unsigned,
    'claims alg none over a real signature': () => withHeader({ alg: 'none', typ: 'at+jwt', kid: 'new' }),
    'claims another algorithm over a real signature': () =>
      withHeader({ alg: 'HS512', typ: 'at+jwt', kid: 'new' }),
    'is signed by another HMAC': () => forged({ header: { alg: 'HS512' }, secret: Buffer.alloc(64, 1) }),
    'is signed by a private key': async () =>
      forged({ header: { alg: 'RS256' }, secret: (await generateKeyPair('RS256')).privateKey }),
    'brings its own key (jwk)': async () => {
      const secret = Buffer.alloc(32, 9)
      return forged({ header: { jwk: { kty: 'oct', k: secret.toString('base64url') } }, secret })
    },
    'points to its keys (jku)': () =>
      forged({ header: { jku: 'https://localhost/keys' }, secret: Buffer.alloc(32, 9) }),
    'is signed by a foreign key': () => forged({ secret: Buffer.alloc(32, 9) }),
    'is signed by the wrong one of our keys': () => forged({ secret: OLD_SECRET }),
    'names an unknown key': () => forged({ header: { kid: 'unknown' } }),
    'names no key': () => forged({ header: { kid: undefined } }),
    'is of another type': () => forged({ header: { typ: 'JWT' } }),
    'is of no type': () => forged({ header: { typ: undefined } }),
    'needs an extension that we do not know': () => forged({ header: { crit: ['ext'], ext: 1 } }),
    'is not valid yet': () => forged({ claims: { nbf: inSeconds(60) } }),
    'is for another audience': () => forged({ claims: { aud: 'darkroom-edge' } }),
    'is for no audience': () => forged({ claims: { aud: undefined } }),
    'is of another issuer': () => forged({ claims: { iss: 'lightroom' } }),
    'never expires': () => forged({ claims: { exp: undefined } }),
    'does not say when it was issued': () => forged({ claims: { iat: undefined } }),
    'names no account': () => forged({ claims: { sub: undefined } }),
    'names what is no account': () => forged({ claims: { sub: '7; DROP TABLE users' } }),
    'names no session': () => forged({ claims: { sid: undefined } }),
    'names a session that is no text': () => forged({ claims: { sid: 7 } }),
    'is cut off': async () => (await forged()).slice(0, -1),
    'lacks its signature': async () => (await forged()).split('.').slice(0, 2).join('.'),
    'has more after it': async () => `${await forged()}.more`,
    'has other claims than those signed': async () => {
      const [header, , mac] = (await forged()).split('.')
      return [header, encoded({ sub: '8', sid: 'session', exp: inSeconds(300) }), mac].join('.')
    },
    'is no token': () => 'token',
    'is empty': () => '',
  }
  it.each(Object.entries(refused))('is refused if it %s', async (_, token) => {
    await expect(tokens.verify(await token())).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})
