import { describe, expect, it } from 'vitest'
import { ConfigError } from './config-error.ts'
import { loadConfig } from './config.ts'
import { envOfRole } from './roles.ts'

const REQUIRED = {
  DATABASE_URL: 'postgresql://db/darkroom',
  REDIS_URL: 'redis://redis',
  S3_ENDPOINT: 'http://s3',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'key',
  OPENSEARCH_URL: 'http://search',
  CDN_BASE_URL: 'http://cdn',
  CDN_EDGE_ADMIN_URLS: 'http://cdn:8081',
  CDN_SIGNING_KEY: 'a',
  CDN_PURGE_TOKEN: 'b',
  JWT_KEYS: 'k1:c',
  CURSOR_SECRET: 'd',
  TOTP_KEYS: 't1:g',
  STORAGE_EVENTS_TOKEN: 'e',
  METRICS_TOKEN: 'f',
}

describe('a role', () => {
  const providers = '[{"name":"id","issuer":"https://id.example.org","clientId":"c","clientSecret":"of id"}]'
  const ofApi = ['JWT_KEYS', 'CURSOR_SECRET', 'TOTP_KEYS', 'STORAGE_EVENTS_TOKEN', 'CDN_SIGNING_KEY']
  const ofMedia = Object.fromEntries(Object.entries(REQUIRED).filter(([name]) => !ofApi.includes(name)))

  it('does not need the secrets that it does not hold', () => {
    expect(() => loadConfig(ofMedia, 'media')).not.toThrow()
    expect(() => loadConfig({ ...ofMedia, CDN_PURGE_TOKEN: '' }, 'media')).toThrow(/CDN_PURGE_TOKEN/)
    expect(() => loadConfig(ofMedia, 'orchestration')).toThrow(/CDN_SIGNING_KEY/)
  })

  it('keeps none of the others, even if they are given', () => {
    const config = loadConfig(REQUIRED, 'media')
    expect(config.CDN_PURGE_TOKEN).toBe('b')
    for (const name of ['JWT_KEYS', 'jwtKeys', 'CURSOR_SECRET', 'totpKeys', 'CDN_SIGNING_KEY'] as const)
      expect(() => config[name]).toThrow(`A process of the role "media" holds no ${name}`)
    expect(JSON.stringify(config)).not.toMatch(/JWT_KEYS|jwtKeys|CURSOR_SECRET|TOTP_KEYS|totpKeys/)
  })

  it('that is not the API knows no provider of identities, nor its secret', () => {
    const given = { ...REQUIRED, OIDC_PROVIDERS: providers }
    expect(loadConfig(given).identityProviders).toEqual([
      {
        name: 'id',
        issuer: 'https://id.example.org',
        clientId: 'c',
        clientSecret: 'of id',
        redirectUri: 'http://localhost:3000/v1/auth/id/callback',
      },
    ])
    const config = loadConfig(given, 'orchestration')
    expect(() => config.identityProviders).toThrow('holds no identityProviders')
    expect(JSON.stringify(config)).not.toContain('of id')
  })

  it('gives a child process the environment of its own secrets', () => {
    expect(envOfRole(REQUIRED, 'media')).toEqual(ofMedia)
    expect(envOfRole(REQUIRED, 'api')).toEqual(REQUIRED)
    expect(Object.keys(envOfRole(REQUIRED, 'fanout'))).not.toContain('S3_SECRET_ACCESS_KEY')
  })

  it('is not refused in production for a secret that it does not hold', () => {
    const secrets = {
      S3_SECRET_ACCESS_KEY: 'x'.repeat(32),
      CDN_PURGE_TOKEN: 'y'.repeat(32),
      METRICS_TOKEN: 'z'.repeat(32),
    }
    const production = { ...ofMedia, ...secrets, NODE_ENV: 'production' }
    expect(() => loadConfig(production, 'media')).not.toThrow()
    expect(() => loadConfig({ ...production, METRICS_TOKEN: 'f' }, 'media')).toThrow(/METRICS_TOKEN/)
  })
})

describe('a replica', () => {
  const withReplica = (standbyNames: string) => () =>
    loadConfig({
      ...REQUIRED,
      DATABASE_REPLICA_URL: 'postgresql://replica/darkroom',
      DATABASE_REPLICA_NAME: 'feed_replica',
      DATABASE_STANDBY_NAMES: standbyNames,
    })

  it.each([
    'feed_replica',
    'FIRST 1 (feed_replica)',
    'first 2 (other, "feed_replica")',
    '1 (feed_replica, other)',
    'ANY 2 (feed_replica, other)',
  ])('may serve reads when commits always wait for it: %s', (names) => {
    expect(withReplica(names)).not.toThrow()
  })

  it.each([
    'FIRST 1 (darkroom_replica)',
    'FIRST 1 (other, feed_replica)',
    'other, feed_replica',
    'ANY 1 (feed_replica, other)',
    'FIRST 1 (*)',
  ])('is refused when commits do not always wait for it: %s', (names) => {
    expect(withReplica(names)).toThrow(ConfigError)
  })

  it('may be missing from the list when nobody reads from it', () => {
    expect(() => loadConfig({ ...REQUIRED, DATABASE_STANDBY_NAMES: 'other' })).not.toThrow()
  })
})

describe('settings that cannot work together', () => {
  it.each([
    ['an upload that takes longer to fetch than its validation may', { MAX_UPLOAD_BYTES: '300000000' }],
    ['an account smaller than one upload', { MAX_ACCOUNT_BYTES: '1000' }],
    ['an hour smaller than one photo', { MAX_MEGAPIXELS_PER_HOUR: '49' }],
    ['an upload in parts that ends before a slow client can', { UPLOAD_MULTIPART_EXPIRY_SECONDS: '3000' }],
    ['a statement that outlives its activity', { DATABASE_STATEMENT_TIMEOUT_MS: '60000' }],
  ])('are refused, by name: %s', (_what, settings) => {
    expect(() => loadConfig({ ...REQUIRED, ...settings })).toThrow(new RegExp(Object.keys(settings)[0]!))
  })

  it('are accepted where they leave room', () => {
    const settings = {
      MAX_UPLOAD_BYTES: '100000',
      MAX_ACCOUNT_BYTES: '100000',
      MAX_MEGAPIXELS_PER_HOUR: '50',
    }
    expect(() => loadConfig({ ...REQUIRED, ...settings })).not.toThrow()
  })
})

describe('passkeys', () => {
  const of = (settings: Record<string, string>) => loadConfig({ ...REQUIRED, ...settings }).relyingParty

  it('are bound to the domain of PUBLIC_URL, for the web apps below it', () => {
    const settings = {
      PUBLIC_URL: 'https://example.org/api',
      CORS_ORIGINS: 'https://app.example.org, https://badexample.org',
    }
    const origins = ['https://example.org', 'https://app.example.org']
    expect(of(settings)).toEqual({ id: 'example.org', name: 'Darkroom', origins })
  })

  it('are used where the settings say, by apps too', () => {
    const origins = ['https://www.example.org', 'android:apk-key-hash:47DEQpj8HBSa']
    const settings = { WEBAUTHN_RP_ID: 'example.org', WEBAUTHN_ORIGINS: origins.join() }
    expect(of({ PUBLIC_URL: 'https://api.example.org', ...settings })).toMatchObject({
      id: 'example.org',
      origins,
    })
  })

  it.each(['https://example.net', 'https://badexample.org', 'https://'])(
    'are refused for an origin of another domain: %s',
    (origin) => {
      const settings = { WEBAUTHN_RP_ID: 'example.org', WEBAUTHN_ORIGINS: origin }
      expect(() => of(settings)).toThrow(/WEBAUTHN_ORIGINS/)
    },
  )
})

describe('moderation', () => {
  const secret = 'x'.repeat(40)
  const production = {
    ...REQUIRED,
    ...Object.fromEntries(
      ['S3_SECRET_ACCESS_KEY', 'CDN_SIGNING_KEY', 'CDN_PURGE_TOKEN', 'CURSOR_SECRET'].map((name) => [
        name,
        secret,
      ]),
    ),
    STORAGE_EVENTS_TOKEN: secret,
    METRICS_TOKEN: secret,
    JWT_KEYS: `k1:${secret}`,
    TOTP_KEYS: `t1:${secret}`,
    NODE_ENV: 'production',
  }

  it('asks for a second factor in production, unless it is told not to', () => {
    const of = (settings: Record<string, string>) => loadConfig(settings).MODERATION_REQUIRES_TWO_FACTOR
    expect(of(REQUIRED)).toBe(false)
    expect(of(production)).toBe(true)
    expect(of({ ...production, MODERATION_REQUIRES_TWO_FACTOR: 'false' })).toBe(false)
    expect(of({ ...REQUIRED, MODERATION_REQUIRES_TWO_FACTOR: 'true' })).toBe(true)
  })

  it('refuses a short key of authenticator apps in production', () => {
    expect(() => loadConfig({ ...production, TOTP_KEYS: 't1:short' })).toThrow(/TOTP_KEYS/)
    expect(() => loadConfig({ ...REQUIRED, TOTP_KEYS: 'short' })).toThrow(/TOTP_KEYS/)
  })
})
