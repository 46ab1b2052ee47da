import { z } from 'zod'
import { TRUST_LEVELS } from '../domain/trust.ts'
import { secretsWithheldFrom, withhold, WITHHELD, type Role } from './roles.ts'

const secret = z.string().min(1)
const list = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const score = z.coerce.number().min(0).max(1)
const isNetwork = (text: string) => z.union([z.cidrv4(), z.cidrv6()]).safeParse(text).success
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')

/** Every setting, with its unit and default. `.env.example` lists the same; a test compares them. */
export const settingsSchema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535).default(3000),
  PUBLIC_URL: z.url().default('http://localhost:3000'),
  CORS_ORIGINS: list,
  TRUSTED_PROXY_HOPS: integer(0, 10).default(0),
  SHUTDOWN_GRACE_SECONDS: integer(0, 600).default(15),

  DATABASE_URL: z.url(),
  DATABASE_REPLICA_URL: z.url().optional(),
  DATABASE_REPLICA_NAME: z.string().regex(/^\w+$/).default('darkroom_replica'),
  DATABASE_STANDBY_NAMES: z.string().default('FIRST 1 (darkroom_replica)'),
  DATABASE_POOL_SIZE: integer(1, 200).default(10),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(100, 3_600_000).default(15_000),
  REDIS_URL: z.string().regex(/^(rediss?|rediss?\+cluster):\/\//, 'redis:// or redis+cluster:// expected'),
  S3_ENDPOINT: z.url(),
  S3_PUBLIC_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_BUCKET: z.string().default('darkroom'),
  S3_ACCESS_KEY_ID: secret,
  S3_SECRET_ACCESS_KEY: secret,
  S3_STATUS_URLS: list,
  S3_CAPACITY_BYTES: integer(1, Number.MAX_SAFE_INTEGER).optional(),
  S3_COLD_BUCKET: z.string().optional(),
  S3_COLD_STORAGE_CLASS: z
    .enum([
      'STANDARD',
      'STANDARD_IA',
      'ONEZONE_IA',
      'INTELLIGENT_TIERING',
      'GLACIER_IR',
      'GLACIER',
      'DEEP_ARCHIVE',
    ])
    .optional(),
  S3_COLD_RESTORE_TIER: z.enum(['Expedited', 'Standard', 'Bulk']).default('Standard'),
  S3_HOT_PRICE: z.coerce.number().nonnegative().default(0.023),
  S3_COLD_PRICE: z.coerce.number().nonnegative().default(0.0036),
  OPENSEARCH_URL: z.url(),
  OPENSEARCH_INDEX_PREFIX: z
    .string()
    .regex(/^[a-z0-9_-]+$/)
    .default('darkroom'),
  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('darkroom'),
  TEMPORAL_UI_URL: z.url().optional(),
  CDN_BASE_URL: z.url(),
  CDN_EDGE_URLS: list,
  CDN_EDGE_ADMIN_URLS: list,
  CDN_FRONT_URL: z.url().optional(),
  CDN_FRONT_PURGE_METHOD: z
    .string()
    .regex(/^[A-Z]+$/)
    .default('POST'),
  CDN_FRONT_PURGE_URL: z.url().optional(),
  CDN_FRONT_PURGE_HEADER: z
    .string()
    .regex(/^[\w-]+: \S/, '`Name: value` expected')
    .optional(),
  CDN_CLOUDFRONT_URL: z.url().optional(),
  CDN_CLOUDFRONT_DISTRIBUTION_ID: z
    .string()
    .regex(/^[A-Z0-9]+$/)
    .optional(),
  CDN_CLOUDFRONT_ACCESS_KEY_ID: secret.optional(),
  CDN_CLOUDFRONT_SECRET_ACCESS_KEY: secret.optional(),
  CDN_CLOUDFRONT_KEY_PAIR_ID: secret.optional(),
  CDN_CLOUDFRONT_PRIVATE_KEY: secret.optional(),
  CDN_CLOUDFRONT_API_ENDPOINT: z.url().optional(),

  CDN_SIGNING_KEY: secret,
  CDN_PURGE_TOKEN: secret,
  JWT_KEYS: secret,
  CURSOR_SECRET: secret,
  STORAGE_EVENTS_TOKEN: secret,
  METRICS_TOKEN: secret,
  METRICS_PORT: integer(0, 65_535).default(0),

  ACCESS_TOKEN_SECONDS: integer(10, 300).default(300),
  SESSION_DAYS: integer(1, 365).default(30),
  SESSION_MAX_DAYS: integer(1, 3_650).default(365),
  RATE_LIMITS: flag.default(true),
  RATE_LIMIT_FACTOR: z.coerce.number().positive().default(1),
  MAX_EVENT_STREAMS: integer(1, 100_000).default(2_000),

  MAX_UPLOAD_BYTES: integer(1, 5 * 1024 ** 3).default(200 * 1024 ** 2),
  MAX_MEGAPIXELS: integer(1, 1_000).default(50),
  MAX_MEGAPIXELS_PER_HOUR: integer(1, 100_000_000).default(50_000),
  MAX_ACCOUNT_BYTES: integer(1, Number.MAX_SAFE_INTEGER).default(50 * 1024 ** 3),
  MAX_ACCOUNT_PHOTOS: integer(1, 1_000_000_000).default(100_000),
  UPLOAD_EXPIRY_SECONDS: integer(10, 86_400).default(900),
  UPLOAD_MULTIPART_EXPIRY_SECONDS: integer(60, 604_800).default(86_400),
  MAX_PENDING_UPLOADS: integer(1, 10_000).default(100),
  TRASH_DAYS: integer(1, 3_650).default(30),
  COLD_AFTER_DAYS: integer(0, 36_500).default(180),
  RESTORED_DAYS: integer(1, 3_650).default(7),

  MEDIA_CONCURRENCY: integer(1, 64).default(2),
  MEDIA_MEMORY_MB: integer(100, 1_000_000).default(2_000),
  MEDIA_SANDBOX: z.enum(['auto', 'required', 'off']).default('auto'),
  READ_TEXT_IN_PHOTOS: flag.default(true),
  MODERATION_MODEL: z.string().optional(),
  MODERATION_CLASSIFIER_URL: z.url({ protocol: /^https$/ }).optional(),
  MODERATION_CLASSIFIER_TOKEN: secret.optional(),
  MODERATION_CLASSIFIER_NETWORKS: list.refine((all) => all.every(isNetwork), 'CIDR expected, as 10.1.2.0/24'),
  MODERATION_CONCURRENCY: integer(1, 64).default(1),
  MODERATION_LIMIT_SCORE: score.default(0.8),
  MODERATION_QUARANTINE_SCORE: score.default(0.95),
  MODERATION_HASH_DISTANCE: integer(0, 16).default(6),
  MODERATION_TEXT_RULES: z.string().optional(),
  MODERATION_PRE: list.pipe(z.array(z.enum(TRUST_LEVELS))),
  MODERATION_ESCALATE_MINUTES: z.coerce.number().positive().max(10_080).default(30),
  MODERATION_REQUIRES_TWO_FACTOR: flag.default(false),
  MODERATION_STRIKES_LIMIT: integer(1, 1_000).default(2),
  MODERATION_STRIKES_SUSPEND: integer(1, 1_000).default(3),
  MODERATION_STRIKES_SUSPEND_LONGER: integer(1, 1_000).default(5),
  MODERATION_EVIDENCE_DAYS: integer(0, 3_650).default(183),
  MODERATION_ON_OUTAGE: z.enum(['hold', 'publish']).default('hold'),
  EMBEDDING_URL: z.url({ protocol: /^https$/ }).optional(),
  EMBEDDING_TOKEN: secret.optional(),
  EMBEDDING_NETWORKS: list.refine((all) => all.every(isNetwork), 'CIDR expected, as 10.1.2.0/24'),
  FANOUT_SLICE_FOLLOWERS: integer(1, 100_000).default(20_000),
  FANOUT_SHARD_THRESHOLD: integer(1, 1_000_000_000).default(100_000),
  FANOUT_SHARDS: integer(1, 64).default(8),
  FEED_UNENROL_DAYS: integer(2, 3_650).default(30),
})

type Settings = z.infer<typeof settingsSchema>

/** The settings and the values derived from them. */
export interface Config extends Settings {
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
  jwtKeys: { kid: string; secret: Uint8Array }[]
}

const SECRETS = [
  'S3_SECRET_ACCESS_KEY',
  'CDN_SIGNING_KEY',
  'CDN_PURGE_TOKEN',
  'JWT_KEYS',
  'CURSOR_SECRET',
  'STORAGE_EVENTS_TOKEN',
  'METRICS_TOKEN',
] as const

/** The shortest secret accepted in production: 32 characters (256 bits when hex or base64 of random bytes are used). */
const MIN_SECRET_CHARACTERS = 32

/** Thrown at boot; the message names every wrong setting, but never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

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
    jwtKeys: parseJwtKeys(settings.JWT_KEYS),
  }
  for (const name of withheld) withhold(config, name, role)
  if (withheld.includes('JWT_KEYS')) withhold(config, 'jwtKeys', role)
  return config
}

function refuseUnsafeSecrets(settings: Settings, withheld: readonly string[]): void {
  const unsafe = SECRETS.filter((name) => {
    if (withheld.includes(name)) return false
    const values =
      name === 'JWT_KEYS' ? settings[name].split(',').map((key) => key.split(':')[1] ?? '') : [settings[name]]
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

function parseJwtKeys(value: string): Config['jwtKeys'] {
  const keys = value.split(',').map((part) => {
    const [kid, key, ...rest] = part.trim().split(':')
    if (!kid || !key || rest.length > 0) {
      throw new ConfigError('JWT_KEYS: expected kid:secret[,kid:secret…]; the first key signs, all verify')
    }
    return { kid, secret: new TextEncoder().encode(key) }
  })
  if (new Set(keys.map((key) => key.kid)).size !== keys.length)
    throw new ConfigError('JWT_KEYS: a kid is used twice')
  return keys
}
