import { loadConfig } from '../config/config.ts'
import { openSearchClient } from '../infra/opensearch/client.ts'
import { ensureSearchIndex } from '../infra/opensearch/setup.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { setUpTemporal } from '../infra/temporal/setup.ts'
import { checkConnections } from './check-connections.ts'
import { migrate } from './migrate.ts'
import { messageOf } from '../observability/error-text.ts'

type Progress = (line: string) => void

/** Sets up everything that a fresh installation needs, in the necessary order. */
export async function setUp(progress: Progress): Promise<void> {
  await migrate(progress)
  await checkConnections(loadConfig(process.env, 'command'), progress)
  await setUpSearch(progress)
  await setUpNamespace(progress)
}

async function setUpSearch(progress: Progress): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const client = openSearchClient(config.OPENSEARCH_URL)
  try {
    await ensureSearchIndex(client, config.OPENSEARCH_INDEX_PREFIX)
    progress('search: index ready')
  } catch (error) {
    throw new Error(`search (OPENSEARCH_URL): ${messageOf(error)}`, { cause: error })
  } finally {
    await client.close()
  }
}

async function setUpNamespace(progress: Progress): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    await setUpTemporal(temporal, (line) => progress(`temporal: ${line}`))
    progress(`temporal: namespace ${config.TEMPORAL_NAMESPACE} ready`)
  } catch (error) {
    throw new Error(`temporal (${config.TEMPORAL_ADDRESS}): ${messageOf(error)}`, { cause: error })
  } finally {
    await temporal.connection.close()
  }
}
