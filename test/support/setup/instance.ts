import type { TestProject } from 'vitest/node'
import { loadConfig, type Config } from '../../../src/config/config.ts'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { ensureSearchIndex } from '../../../src/infra/opensearch/setup.ts'
import { dropTestDatabases, ensureTemplate } from '../servers/test-databases.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The instance's primary and replica, as `npm test` has set them. */
    databaseUrl: string
    databaseReplicaUrl: string | undefined
    /** The migrated database that each file's own is a copy of. */
    templateDatabase: string
    /** How the names of this run's databases begin. */
    databasePrefix: string
  }
}

/** Runs once, before the first file of the project. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set: run the tests with `npm test`')
  const config = loadConfig()
  const url = config.DATABASE_URL
  const prefix = `dk_${process.pid}_`
  project.provide('databaseUrl', url)
  project.provide('databaseReplicaUrl', config.DATABASE_REPLICA_URL)
  const [template] = await Promise.all([ensureTemplate(url), setUpSearch(config)])
  project.provide('templateDatabase', template)
  project.provide('databasePrefix', prefix)
  // A throw-away instance goes with all of its databases.
  return process.env.DARKROOM_TEST_INSTANCE ? () => dropTestDatabases(url, prefix) : undefined
}

/** One index for all files: their photos have ids of their own. */
async function setUpSearch(config: Config): Promise<void> {
  const client = openSearchClient(config.OPENSEARCH_URL)
  try {
    await ensureSearchIndex(client, config.OPENSEARCH_INDEX_PREFIX)
  } finally {
    await client.close()
  }
}
