import { describe, expect, it } from 'vitest'
import { identityProvidersOf } from './identity-providers.ts'
import type { Settings } from './settings.ts'

const provider = { name: 'id', issuer: 'https://id.example.org', clientId: 'c', clientSecret: 'a secret' }

const read = (providers: unknown, NODE_ENV: Settings['NODE_ENV'] = 'test') =>
  identityProvidersOf({
    NODE_ENV,
    PUBLIC_URL: 'https://api.example.org',
    OIDC_PROVIDERS: typeof providers === 'string' ? providers : JSON.stringify(providers),
  } as Settings)

describe('providers of identities', () => {
  it('send browsers back to the callback, or where the settings say', () => {
    const redirectUri = 'https://photos.example.org/signed-in'
    const [one, other] = read([
      provider,
      { ...provider, name: 'b', issuer: 'https://b.example.org', redirectUri },
    ])
    expect(one!.redirectUri).toBe('https://api.example.org/v1/auth/id/callback')
    expect(other!.redirectUri).toBe(redirectUri)
  })

  it.each(['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000'])(
    'are on this machine without TLS (%s), but not in production',
    (issuer) => {
      expect(read([{ ...provider, issuer }])).toHaveLength(1)
      expect(() => read([{ ...provider, issuer }], 'production')).toThrow('https expected')
    },
  )

  it.each([
    ['no JSON', 'none', 'a JSON list'],
    ['no list', provider, 'a JSON list'],
    ['an issuer without TLS', [{ ...provider, issuer: 'http://id.example.org' }], 'https expected'],
    ['an issuer of another scheme', [{ ...provider, issuer: 'file:///etc' }], '0.issuer'],
    ['a name that is no part of a path', [{ ...provider, name: '../me' }], '0.name'],
    ['no secret', [{ ...provider, clientSecret: '' }], '0.clientSecret'],
    ['a misspelled field', [{ ...provider, client_id: 'c' }], 'client_id'],
    ['one name twice', [provider, { ...provider, issuer: 'https://b.example.org' }], 'each name once'],
    ['one issuer twice', [provider, { ...provider, name: 'b' }], 'each issuer once'],
  ])('are refused with %s, without telling the secret', (_what, providers, told) => {
    expect(() => read(providers)).toThrow(told)
    expect(() => read(providers)).not.toThrow('a secret')
  })
})
