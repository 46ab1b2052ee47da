import { z } from 'zod'
import { TRUST_LEVELS } from '../domain/trust.ts'

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
  SERVICE_NAME: z
    .string()
    .regex(/^[^:]{1,64}$/, 'at most 64 characters without a colon expected')
    .default('Darkroom'),
  WEBAUTHN_RP_ID: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'a domain expected, without scheme or port')
    .optional(),
  WEBAUTHN_ORIGINS: list,
  OIDC_PROVIDERS: secret.optional(),
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
  TOTP_KEYS: secret,
  STORAGE_EVENTS_TOKEN: secret,
  METRICS_TOKEN: secret,
  METRICS_PORT: integer(0, 65_535).default(0),

  ACCESS_TOKEN_SECONDS: integer(10, 300).default(300),
  SESSION_DAYS: integer(1, 365).default(30),
  SESSION_MAX_DAYS: integer(1, 3_650).default(365),
  ACCOUNT_GRACE_DAYS: z.coerce.number().min(0).max(365).default(14),
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
  EXPORT_DAYS: integer(1, 365).default(7),

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
  MODERATION_REQUIRES_TWO_FACTOR: flag.optional(),
  MODERATION_STRIKES_LIMIT: integer(1, 1_000).default(2),
  MODERATION_STRIKES_SUSPEND: integer(1, 1_000).default(3),
  MODERATION_STRIKES_SUSPEND_LONGER: integer(1, 1_000).default(5),
  MODERATION_EVIDENCE_DAYS: integer(0, 3_650).default(183),
  MODERATION_ON_OUTAGE: z.enum(['hold', 'publish']).default('hold'),
  EMBEDDING_URL: z.url({ protocol: /^https$/ }).optional(),
  EMBEDDING_TOKEN: secret.optional(),
  EMBEDDING_NETWORKS: list.refine((all) => all.every(isNetwork), 'CIDR expected, as 10.1.2.0/24'),
  AUTO_TAG_LABELS: z.string().optional(),
  AUTO_TAG_NEARNESS: score.default(0.25),
  WEBHOOK_KEY: secret.optional(),
  WEBHOOK_FAILING_DAYS: integer(1, 365).default(3),
  WEB_PUSH_KEY: secret.optional(),
  WEB_PUSH_CONTACT: z.url({ protocol: /^(https|mailto)$/ }).optional(),
  OUTGOING_NETWORKS: list.refine((all) => all.every(isNetwork), 'CIDR expected, as 10.1.2.0/24'),
  OUTGOING_PORTS: list
    .transform((ports) => (ports.length > 0 ? ports : ['443']))
    .pipe(z.array(z.string().transform(Number).pipe(z.number().int().min(1).max(65_535)))),
  FANOUT_SLICE_FOLLOWERS: integer(1, 100_000).default(20_000),
  FANOUT_SHARD_THRESHOLD: integer(1, 1_000_000_000).default(100_000),
  FANOUT_SHARDS: integer(1, 64).default(8),
  FEED_UNENROL_DAYS: integer(2, 3_650).default(30),
})

export type Settings = z.infer<typeof settingsSchema>
