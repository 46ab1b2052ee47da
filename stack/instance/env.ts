import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { settingsSchema } from '../../src/config/settings.ts'
import type { StackPaths } from '../install/paths.ts'
import { writePrivate } from './files.ts'
import { checkoutDir, type Layout } from './layout.ts'
import type { Ports } from './ports.ts'
import type { Secrets } from './secrets.ts'

/** The setting that says a server is somewhere else, so that it is not started here. */
const externalBy = {
  postgres: 'DATABASE_URL',
  'postgres-replica': 'DATABASE_URL',
  valkey: 'REDIS_URL',
  seaweedfs: 'S3_ENDPOINT',
  opensearch: 'OPENSEARCH_URL',
  temporal: 'TEMPORAL_ADDRESS',
  edge: 'CDN_BASE_URL',
} as const

/** Settings from outside: the environment, then `.env` in the checkout. */
export function givenSettings(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  // A shell that has sourced an instance's env file does not point at servers of its own.
  const own = env.DARKROOM_INSTANCE_DIR ? {} : env
  const file = readEnvFile(join(checkoutDir, '.env'))
  return Object.fromEntries(
    Object.entries({ ...file, ...own }).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}

/** Servers that the given settings place elsewhere. */
export function externalServers(given: Record<string, string>): string[] {
  return Object.entries(externalBy)
    .filter(([, variable]) => given[variable])
    .map(([name]) => name)
}

/** All settings of the app for an instance. Settings from outside win. */
export function instanceEnv(
  layout: Layout,
  ports: Ports,
  secrets: Secrets,
  stack: StackPaths,
  given: Record<string, string>,
  nodeEnv: string,
): Record<string, string> {
  const loopback = '127.0.0.1'
  const database = `postgresql://darkroom:${secrets.postgresApp}@${loopback}`
  const own: Record<string, string> = {
    NODE_ENV: nodeEnv,
    LOG_LEVEL: 'info',
    HOST: loopback,
    PORT: String(ports.api),
    PUBLIC_URL: `http://${loopback}:${ports.api}`,
    DATABASE_URL: `${database}:${ports.postgres}/darkroom`,
    DATABASE_REPLICA_URL: `${database}:${ports.postgresReplica}/darkroom`,
    REDIS_URL: `redis+cluster://${loopback}:${ports.valkey}`,
    S3_ENDPOINT: `http://${loopback}:${ports.s3}`,
    S3_PUBLIC_ENDPOINT: `http://${loopback}:${ports.s3}`,
    S3_REGION: 'us-east-1',
    S3_BUCKET: 'darkroom',
    S3_COLD_BUCKET: 'darkroom-cold',
    S3_STATUS_URLS: `http://${loopback}:${ports.seaweedVolume}/status`,
    S3_ACCESS_KEY_ID: secrets.s3AccessKeyId,
    S3_SECRET_ACCESS_KEY: secrets.s3SecretAccessKey,
    EDGE_S3_ACCESS_KEY_ID: secrets.edgeS3AccessKeyId,
    EDGE_S3_SECRET_ACCESS_KEY: secrets.edgeS3SecretAccessKey,
    OPENSEARCH_URL: `http://${loopback}:${ports.opensearch}`,
    OPENSEARCH_INDEX_PREFIX: 'darkroom',
    TEMPORAL_ADDRESS: `${loopback}:${ports.temporal}`,
    TEMPORAL_NAMESPACE: 'darkroom',
    TEMPORAL_UI_URL: `http://${loopback}:${ports.temporalUi}`,
    CDN_BASE_URL: `http://${loopback}:${ports.edge}`,
    CDN_EDGE_URLS: `http://${loopback}:${ports.edge}`,
    CDN_EDGE_ADMIN_URLS: `http://${loopback}:${ports.edgeAdmin}`,
    CDN_SIGNING_KEY: secrets.cdnSigningKey,
    CDN_PURGE_TOKEN: secrets.cdnPurgeToken,
    JWT_KEYS: `k1:${secrets.jwtKey}`,
    CURSOR_SECRET: secrets.cursorSecret,
    TOTP_KEYS: `t1:${secrets.totpKey}`,
    // No passkey is bound to an address.
    WEBAUTHN_RP_ID: 'localhost',
    WEBAUTHN_ORIGINS: `http://localhost:${ports.api}`,
    STORAGE_EVENTS_TOKEN: secrets.storageEventsToken,
    METRICS_TOKEN: secrets.metricsToken,
    WEBHOOK_KEY: secrets.webhookKey,
    WEB_PUSH_KEY: secrets.webPushKey,
    MODERATION_MODEL: stack.model,
  }
  // A replaced server replaces its companions too: the embedded replica does not follow a foreign primary, and so on.
  if (given.DATABASE_URL) delete own.DATABASE_REPLICA_URL
  if (given.S3_ENDPOINT) {
    delete own.S3_PUBLIC_ENDPOINT
    delete own.S3_STATUS_URLS
    delete own.S3_COLD_BUCKET
  }
  if (given.TEMPORAL_ADDRESS) delete own.TEMPORAL_UI_URL
  if (given.CDN_BASE_URL) {
    delete own.CDN_EDGE_URLS
    delete own.CDN_EDGE_ADMIN_URLS
  }

  // An external S3 may know only one account.
  if (given.S3_ENDPOINT && !given.EDGE_S3_ACCESS_KEY_ID) {
    own.EDGE_S3_ACCESS_KEY_ID = given.S3_ACCESS_KEY_ID ?? ''
    own.EDGE_S3_SECRET_ACCESS_KEY = given.S3_SECRET_ACCESS_KEY ?? ''
  }

  const passed = Object.fromEntries(Object.entries(given).filter(([name]) => isSetting(name, own)))
  return {
    ...own,
    ...passed,
    DARKROOM_INSTANCE_DIR: layout.dir,
    ...programSettings(stack),
  }
}

/** Programs that tests start by themselves, and the photos of the demo. */
export function programSettings(stack: StackPaths): Record<string, string> {
  return {
    TEMPORAL_TEST_SERVER_PATH: stack.temporalTestServer,
    TEMPORAL_CLI_PATH: stack.temporal,
    VALKEY_SERVER_PATH: stack.valkeyServer,
    NGINX_PATH: stack.nginx,
    DARKROOM_SAMPLE_PHOTOS: stack.samplePhotos,
  }
}

function isSetting(name: string, own: Record<string, string>): boolean {
  // PORT is a first choice, taken into account where ports are chosen; NODE_ENV is the caller's decision.
  if (name === 'PORT' || name === 'NODE_ENV') return false
  return name in own || name in settingsSchema.shape
}

/** Writes the settings as lines `KEY=value` that a shell and `node --env-file` both read. */
export function writeEnvFile(file: string, env: Record<string, string>): void {
  const lines = Object.entries(env).map(
    ([name, value]) => `${name}=${/^[\w@%+=:,./-]*$/.test(value) ? value : `'${value}'`}`,
  )
  writePrivate(file, `${lines.join('\n')}\n`)
}

/** Reads such a file; empty when there is none. */
function readEnvFile(file: string): Record<string, string> {
  try {
    return parseEnv(readFileSync(file, 'utf8')) as Record<string, string>
  } catch {
    return {}
  }
}
