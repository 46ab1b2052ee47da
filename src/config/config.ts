import { ConfigError } from './config-error.ts'
import { identityProvidersOf, type IdentityProviderSettings } from './identity-providers.ts'
import { relyingPartyOf } from './relying-party.ts'
import { secretsWithheldFrom, withhold, WITHHELD, type Role } from './roles.ts'
import { settingsSchema, type Settings } from './settings.ts'

/** The settings and the values derived from them. */
export interface Config extends Omit<Settings, 'MODERATION_REQUIRES_TWO_FACTOR'> {
  S3_PUBLIC_ENDPOINT: string
  CDN_EDGE_URLS: string[]
  /** Each edge: where clients reach it, and where it is administered. */
  edges: { url: string; adminUrl: string }[]
  /** A CDN in front of the edges that is purged by a request for each path. */
  front?: { url: string; purge: { method: string; url: string; header: { name: string; value: string } } }
  /** CloudFront in front of the edges; with a key, image URLs carry its signature too. */
  cloudFront?: {
    url: string
    distributionId: string
    credentials?: { accessKeyId: string; secretAccessKey: string }
    endpoint?: string
    key?: { keyPairId: string; privateKey: string }
  }
  /** Signing keys of access tokens; the first signs, all verify. */
  jwtKeys: NamedKey[]
  /** Keys of the secrets of authenticator apps; the first encrypts, all decrypt. */
  totpKeys: NamedKey[]
  /** To whom passkeys are bound. */
  relyingParty: { id: string; name: string; origins: string[] }
  /** Who vouches for people that sign in. */
  identityProviders: IdentityProviderSettings[]
  MODERATION_REQUIRES_TWO_FACTOR: boolean
}

interface NamedKey {
  kid: string
  secret: Uint8Array
}

const SECRETS = [
  'S3_SECRET_ACCESS_KEY',
  'CDN_SIGNING_KEY',
  'CDN_PURGE_TOKEN',
  'JWT_KEYS',
  'CURSOR_SECRET',
  'TOTP_KEYS',
  'STORAGE_EVENTS_TOKEN',
  'METRICS_TOKEN',
  'WEBHOOK_KEY',
  'WEB_PUSH_KEY',
] as const

/** The shortest secret accepted in production: 32 characters (256 bits when hex or base64 of random bytes are used). */
const MIN_SECRET_CHARACTERS = 32

/**
 * Reads the settings once. Empty strings count as unset. Secrets that the role does not hold are neither required nor kept:
 * to read one of them from the result throws.
 * @param role the API holds every secret
 * @throws ConfigError naming every missing or malformed setting; in production also every short or default secret.
 */
export function loadConfig(
  env: Record<string, string | undefined> = process.env,
  role: Role = 'api',
): Config {
  const withheld: (keyof Settings)[] = secretsWithheldFrom(role)
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  for (const name of withheld) given[name] = WITHHELD
  const parsed = settingsSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigError(`Settings are missing or wrong (see .env.example):\n${lines.join('\n')}`)
  }
  const settings = parsed.data
  if (settings.NODE_ENV === 'production') refuseUnsafeSecrets(settings, withheld)
  if (settings.DATABASE_REPLICA_URL) refuseUnawaitedReplica(settings)
  const edges = pairEdges(settings)
  refuseContradictions(settings)
  const config: Config = {
    ...settings,
    S3_PUBLIC_ENDPOINT: settings.S3_PUBLIC_ENDPOINT ?? settings.S3_ENDPOINT,
    CDN_EDGE_URLS: edges.map(({ url }) => url),
    edges,
    ...readFront(settings),
    ...readCloudFront(settings),
    jwtKeys: parseKeys('JWT_KEYS', settings),
    totpKeys: parseKeys('TOTP_KEYS', settings),
    relyingParty: relyingPartyOf(settings),
    identityProviders: withheld.includes('OIDC_PROVIDERS') ? [] : identityProvidersOf(settings),
    MODERATION_REQUIRES_TWO_FACTOR:
      settings.MODERATION_REQUIRES_TWO_FACTOR ?? settings.NODE_ENV === 'production',
  }
  for (const name of withheld) withhold(config, name, role)
  if (withheld.includes('JWT_KEYS')) withhold(config, 'jwtKeys', role)
  if (withheld.includes('TOTP_KEYS')) withhold(config, 'totpKeys', role)
  if (withheld.includes('OIDC_PROVIDERS')) withhold(config, 'identityProviders', role)
  return config
}

function refuseUnsafeSecrets(settings: Settings, withheld: readonly string[]): void {
  const unsafe = SECRETS.filter((name) => {
    const value = settings[name]
    if (value === undefined || withheld.includes(name)) return false
    const values =
      name === 'JWT_KEYS' || name === 'TOTP_KEYS'
        ? value.split(',').map((key) => key.split(':')[1] ?? '')
        : [value]
    return values.some(
      (value) => value.length < MIN_SECRET_CHARACTERS || /change.?me|default|example|secret/i.test(value),
    )
  })
  if (unsafe.length > 0) {
    throw new ConfigError(
      `Refusing to start in production with short or default secrets: ${unsafe.join(', ')}. ` +
        `Generate each with: openssl rand -hex 32`,
    )
  }
}

/** What the validation of an original has time to fetch at 1 MB/s: five minutes, less one for the decode. */
const MAX_FETCHED_BYTES = 240_000_000
/** A mobile uplink of 0.5 Mbit/s. */
const SLOW_UPLINK_BYTES_PER_SECOND = 62_500
/** Activities that write to Postgres are given up after 60 s, and their statement must have ended by then. */
const LONGEST_STATEMENT_MS = 50_000

/** Limits that contradict a timeout or one another would fail later, at the first upload that meets both. */
function refuseContradictions(settings: Settings): void {
  const longestUploadSeconds = settings.MAX_UPLOAD_BYTES / SLOW_UPLINK_BYTES_PER_SECOND
  const contradictions = [
    settings.MAX_UPLOAD_BYTES > MAX_FETCHED_BYTES &&
      `MAX_UPLOAD_BYTES: at most ${MAX_FETCHED_BYTES}, which is what the validation of an original has time to fetch`,
    settings.MAX_UPLOAD_BYTES > settings.MAX_ACCOUNT_BYTES &&
      'MAX_ACCOUNT_BYTES: at least MAX_UPLOAD_BYTES, so that an empty account can take the largest upload',
    settings.MAX_MEGAPIXELS > settings.MAX_MEGAPIXELS_PER_HOUR &&
      'MAX_MEGAPIXELS_PER_HOUR: at least MAX_MEGAPIXELS, so that an hour has room for the largest photo',
    settings.UPLOAD_MULTIPART_EXPIRY_SECONDS < longestUploadSeconds &&
      `UPLOAD_MULTIPART_EXPIRY_SECONDS: at least ${Math.ceil(longestUploadSeconds)}, the time that MAX_UPLOAD_BYTES take at 0.5 Mbit/s`,
    settings.S3_COLD_STORAGE_CLASS !== undefined &&
      settings.S3_COLD_BUCKET === undefined &&
      'S3_COLD_STORAGE_CLASS: needs S3_COLD_BUCKET, which may be S3_BUCKET',
    settings.S3_COLD_STORAGE_CLASS === 'DEEP_ARCHIVE' &&
      settings.S3_COLD_RESTORE_TIER === 'Expedited' &&
      'S3_COLD_RESTORE_TIER: DEEP_ARCHIVE knows Standard and Bulk only',
    settings.MODERATION_LIMIT_SCORE > settings.MODERATION_QUARANTINE_SCORE &&
      'MODERATION_QUARANTINE_SCORE: at least MODERATION_LIMIT_SCORE, as it is the graver verdict',
    settings.DATABASE_STATEMENT_TIMEOUT_MS > LONGEST_STATEMENT_MS &&
      `DATABASE_STATEMENT_TIMEOUT_MS: at most ${LONGEST_STATEMENT_MS}, so that a statement ends before the activity that waits for it`,
  ].filter((line) => line !== false)
  if (contradictions.length > 0) {
    throw new ConfigError(
      `Settings contradict one another:\n${contradictions.map((line) => `  ${line}`).join('\n')}`,
    )
  }
}

/** A replica that narrowings do not wait for would show photos beyond the viewer's rights (ADR 4). */
function refuseUnawaitedReplica({
  DATABASE_STANDBY_NAMES: all,
  DATABASE_REPLICA_NAME: replica,
}: Settings): void {
  const [, method = 'FIRST', count = '1', list = all] =
    /^\s*(?:(FIRST|ANY)\s+)?(\d+)\s*\((.*)\)\s*$/i.exec(all) ?? []
  const names = list.split(',').map((name) =>
    name
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  )
  const place = names.indexOf(replica.toLowerCase())
  const isAwaited = method.toUpperCase() === 'ANY' ? names.length <= Number(count) : place < Number(count)
  if (place < 0 || !isAwaited) {
    throw new ConfigError(
      `DATABASE_STANDBY_NAMES: commits must always wait for DATABASE_REPLICA_NAME (${replica}), ` +
        `as with: FIRST 1 (${replica})`,
    )
  }
}

function pairEdges({
  CDN_BASE_URL,
  CDN_EDGE_URLS: given,
  CDN_EDGE_ADMIN_URLS: admin,
}: Settings): Config['edges'] {
  const urls = given.length > 0 ? given : [CDN_BASE_URL]
  if (![...urls, ...admin].every((url) => URL.canParse(url)) || urls.length !== admin.length) {
    throw new ConfigError(
      'CDN_EDGE_ADMIN_URLS: one address expected for each edge, in the order of CDN_EDGE_URLS',
    )
  }
  return urls.map((url, at) => ({ url, adminUrl: admin[at]! }))
}

function readFront(settings: Settings): Pick<Config, 'front'> {
  const { CDN_FRONT_URL: url, CDN_FRONT_PURGE_URL: purgeUrl, CDN_FRONT_PURGE_HEADER: header } = settings
  if (allOrNone(settings, ['CDN_FRONT_URL', 'CDN_FRONT_PURGE_URL', 'CDN_FRONT_PURGE_HEADER']) === 'none')
    return {}
  const [name, value] = header!.split(/: (.*)/s) as [string, string]
  const method = settings.CDN_FRONT_PURGE_METHOD
  return { front: { url: url!, purge: { method, url: purgeUrl!, header: { name, value } } } }
}

function readCloudFront(settings: Settings): Pick<Config, 'cloudFront'> {
  const id = settings.CDN_CLOUDFRONT_DISTRIBUTION_ID
  if (id === undefined) {
    const given = Object.keys(settings).filter((name) => name.startsWith('CDN_CLOUDFRONT_'))
    if (given.length > 0)
      throw new ConfigError(`CDN_CLOUDFRONT_DISTRIBUTION_ID is missing beside ${given.join(', ')}`)
    return {}
  }
  const {
    CDN_CLOUDFRONT_ACCESS_KEY_ID: accessKeyId,
    CDN_CLOUDFRONT_SECRET_ACCESS_KEY: secretAccessKey,
    CDN_CLOUDFRONT_KEY_PAIR_ID: keyPairId,
    CDN_CLOUDFRONT_PRIVATE_KEY: privateKey,
    CDN_CLOUDFRONT_API_ENDPOINT: endpoint,
  } = settings
  allOrNone(settings, ['CDN_CLOUDFRONT_ACCESS_KEY_ID', 'CDN_CLOUDFRONT_SECRET_ACCESS_KEY'])
  allOrNone(settings, ['CDN_CLOUDFRONT_KEY_PAIR_ID', 'CDN_CLOUDFRONT_PRIVATE_KEY'])
  return {
    cloudFront: {
      url: settings.CDN_CLOUDFRONT_URL ?? settings.CDN_BASE_URL,
      distributionId: id,
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
      ...(endpoint && { endpoint }),
      // A PEM on one line, as env files and secret stores may hold it.
      ...(keyPairId && privateKey && { key: { keyPairId, privateKey: privateKey.replaceAll('\\n', '\n') } }),
    },
  }
}

function allOrNone(settings: Settings, names: readonly (keyof Settings)[]): 'all' | 'none' {
  const missing = names.filter((name) => settings[name] === undefined)
  if (missing.length === names.length) return 'none'
  if (missing.length > 0) throw new ConfigError(`Missing beside their companions: ${missing.join(', ')}`)
  return 'all'
}

function parseKeys(name: 'JWT_KEYS' | 'TOTP_KEYS', settings: Settings): NamedKey[] {
  const keys = settings[name].split(',').map((part) => {
    const [kid, key, ...rest] = part.trim().split(':')
    if (!kid || !key || rest.length > 0) {
      throw new ConfigError(`${name}: expected kid:secret[,kid:secret…]; the first is used, all are known`)
    }
    return { kid, secret: new TextEncoder().encode(key) }
  })
  if (new Set(keys.map((key) => key.kid)).size !== keys.length)
    throw new ConfigError(`${name}: a kid is used twice`)
  return keys
}
