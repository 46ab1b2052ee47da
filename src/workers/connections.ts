import type { Config } from '../config/config.ts'
import { openDatabase, type Database } from '../infra/db/database.ts'
import { openObjectStore, type ObjectStore } from '../infra/s3/object-store.ts'

/** The worker's database: the primary alone, since workers decide and write. */
export function databaseOf(config: Config, applicationName: string): Promise<Database> {
  return openDatabase({
    url: config.DATABASE_URL,
    replicaName: config.DATABASE_REPLICA_NAME,
    poolSize: config.DATABASE_POOL_SIZE,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    applicationName,
  })
}

export function objectStoreOf(config: Config): ObjectStore {
  return openObjectStore({
    endpoint: config.S3_ENDPOINT,
    publicEndpoint: config.S3_PUBLIC_ENDPOINT,
    region: config.S3_REGION,
    bucket: config.S3_BUCKET,
    accessKeyId: config.S3_ACCESS_KEY_ID,
    secretAccessKey: config.S3_SECRET_ACCESS_KEY,
  })
}
