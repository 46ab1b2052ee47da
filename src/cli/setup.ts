import { loadConfig } from '../config/config.ts'
import { openSearchClient } from '../infra/opensearch/client.ts'
import { openDatabase } from '../infra/db/database.ts'
import { ensureSearchIndex, type IndexSetup } from '../infra/opensearch/setup.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { setUpTemporal } from '../infra/temporal/setup.ts'
import { checkConnections } from './check-connections.ts'
import { migrate } from './migrate.ts'
import { startReindex } from './search-reindex.ts'
import { messageOf } from '../observability/error-text.ts'

type Progress = (line: string) => void

/** Sets up everything that a fresh installation needs, in the necessary order. */
export async function setUp(progress: Progress): Promise<void> {
  await migrate(progress)
  await checkConnections(loadConfig(process.env, 'command'), progress)
  const index = await setUpSearch(progress)
  await setUpNamespace(progress)
  if (index === 'lost' || index === 'outdated') await startReindexOf(index, progress)
}

async function setUpSearch(progress: Progress): Promise<IndexSetup> {
  const config = loadConfig(process.env, 'command')
  const client = openSearchClient(config.OPENSEARCH_URL)
  try {
    const index = await ensureSearchIndex(client, config.OPENSEARCH_INDEX_PREFIX, () =>
      hasPhotos(config.DATABASE_URL),
    )
    progress(`search: ${SEARCH_LINES[index]}`)
    return index
  } catch (error) {
    throw new Error(`search (OPENSEARCH_URL): ${messageOf(error)}`, { cause: error })
  } finally {
    await client.close()
  }
}

const SEARCH_LINES: Record<IndexSetup, string> = {
  ready: 'index ready',
  outdated: 'the index is of an earlier version, and goes on until a reindex is done',
  heldBack: 'the index is of an earlier version, to which an operator went back: darkroom search reindex',
  newer: 'the index is of a later version',
  lost: 'there is no index, but there are photos: search answers 503 until a reindex is done',
}

async function hasPhotos(url: string): Promise<boolean> {
  const db = await openDatabase({
    url,
    poolSize: 1,
    statementTimeoutMs: 60_000,
    applicationName: 'darkroom-setup',
  })
  try {
    const [row] = await db.primary<{ exists: boolean }>({
      text: `SELECT EXISTS (SELECT FROM photos WHERE status = 'ready')`,
    })
    return row!.exists
  } finally {
    await db.close()
  }
}

/** Workers carry it out, now or once they are up; it is the same as `darkroom search reindex`. */
async function startReindexOf(index: 'lost' | 'outdated', progress: Progress): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    const isNew = await startReindex(temporal, `setup found it ${index}`)
    progress(`search: reindex ${isNew ? 'started' : 'under way'}: darkroom search status`)
  } finally {
    await temporal.connection.close()
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
