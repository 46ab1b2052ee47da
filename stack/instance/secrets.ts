import { randomBytes } from 'node:crypto'
import { readJson, writePrivateJson } from './files.ts'

/** 256 bits each, as hex: safe in URLs, TOML and shell files. */
const secretBytes = 32

const secretNames = [
  'postgresSuperuser',
  'postgresReplication',
  'postgresApp',
  's3AccessKeyId',
  's3SecretAccessKey',
  'edgeS3AccessKeyId',
  'edgeS3SecretAccessKey',
  'cdnSigningKey',
  'cdnPurgeToken',
  'jwtKey',
  'cursorSecret',
  'totpKey',
  'storageEventsToken',
  'metricsToken',
  'webhookKey',
  'webPushKey',
] as const

export type Secrets = Record<(typeof secretNames)[number], string>

/** The secrets of an instance, generated at its first start and kept in a file that only their owner can read. */
export function loadSecrets(file: string): Secrets {
  const kept = readJson<Partial<Secrets>>(file) ?? {}
  const missing = secretNames.filter((name) => !kept[name])
  if (missing.length === 0) return kept as Secrets
  const secrets = { ...kept }
  for (const name of missing)
    secrets[name] = randomBytes(name.endsWith('KeyId') ? 10 : secretBytes).toString('hex')
  writePrivateJson(file, secrets)
  return secrets as Secrets
}
