import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTHeaderParameters } from 'jose'
import { CLIENT, listen, stop } from './openid-provider.ts'

/** What a provider says, and how, where it differs from what it should. */
interface Lie {
  nonce?: string
  audience?: string
  issuer?: string
  expiresAt?: number
  subject?: string
  header?: Partial<JWTHeaderParameters>
  signedBy?: 'a key of the header' | 'the secret of the client' | 'nobody'
}

/** A provider that answers every code with the ID token that a test asks for. */
export interface LyingProvider {
  issuer: string
  /** What the next code is answered with. */
  say(nonce: string, lie?: Lie): void
  /** Paths that were asked for since the last call. */
  asked(): string[]
  /** The token endpoint answers this instead. */
  fail(status: number | undefined): void
  stop(): Promise<void>
}

export async function startLyingProvider(): Promise<LyingProvider> {
  const { server, origin } = await listen()
  const own = await generateKeyPair('ES256', { extractable: true })
  const foreign = await generateKeyPair('ES256', { extractable: true })
  const jwks = async (pair: typeof own) => ({
    keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }],
  })
  let next: { nonce: string; lie: Lie } = { nonce: '', lie: {} }
  let failure: number | undefined
  const paths: string[] = []

  async function idToken(): Promise<string> {
    const { lie } = next
    const claims = { nonce: lie.nonce ?? next.nonce }
    const now = Math.floor(Date.now() / 1000)
    const about = <Token extends SignJWT | UnsecuredJWT>(token: Token) =>
      token
        .setIssuer(lie.issuer ?? origin)
        .setAudience(lie.audience ?? CLIENT.clientId)
        .setSubject(lie.subject ?? 'somebody')
        .setIssuedAt(now)
        .setExpirationTime(lie.expiresAt ?? now + 60)
    if (lie.signedBy === 'nobody') return (about(new UnsecuredJWT(claims)) as UnsecuredJWT).encode()
    const token = about(new SignJWT(claims)) as SignJWT
    if (lie.signedBy === 'the secret of the client')
      return token.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(CLIENT.clientSecret))
    token.setProtectedHeader({ alg: 'ES256', kid: 'one', ...lie.header })
    return token.sign(lie.signedBy === 'a key of the header' ? foreign.privateKey : own.privateKey)
  }

  const answers: Record<string, () => unknown> = {
    '/.well-known/openid-configuration': () => ({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      // It would take anything.
      id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256'],
    }),
    '/jwks': () => jwks(own),
    '/foreign': () => jwks(foreign),
    '/token': async () => ({ access_token: 'a', token_type: 'Bearer', id_token: await idToken() }),
  }
  server.on('request', (request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin)
    paths.push(pathname)
    const status = pathname === '/token' && failure !== undefined ? failure : 200
    void Promise.resolve(answers[pathname]?.()).then((body) => {
      response.writeHead(body === undefined ? 404 : status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(status === 200 ? (body ?? {}) : { error: 'server_error' }))
    })
  })

  return {
    issuer: origin,
    say: (nonce, lie = {}) => void (next = { nonce, lie }),
    asked: () => paths.splice(0),
    fail: (status) => void (failure = status),
    stop: () => stop(server),
  }
}
