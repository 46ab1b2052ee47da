import type { Client as TemporalClient } from '@temporalio/client'
import type { Database } from '../../infra/db/database.ts'
import type { Client as SearchClient } from '../../infra/opensearch/client.ts'
import { assertIndexServes } from './search-index.ts'
import type { RedisClient } from '../../infra/redis/client.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'

const CHECK_TIMEOUT_MS = 1_500

type DependencyState = 'up' | 'down'

/** The dependencies of the service, by name. */
export interface Readiness {
  /** Whether requests can be served at all: without these nothing works. Others degrade a part of the service. */
  ready: boolean
  dependencies: Record<string, { state: DependencyState; required: boolean; ms: number }>
}

export interface ReadinessDeps {
  db: Database
  redis: RedisClient
  objects: ObjectStore
  temporal: TemporalClient
  openSearch: SearchClient
  /** OPENSEARCH_INDEX_PREFIX */
  indexPrefix: string
}

/** The dependencies are asked at most once in this time, however often the check is called. */
const FRESH_MS = 1_000

/** A check that may be called concurrently. */
export function createReadiness(deps: ReadinessDeps): () => Promise<Readiness> {
  let latest: Promise<Readiness> | undefined
  let until = 0
  return () => {
    if (latest === undefined || performance.now() > until) {
      until = performance.now() + CHECK_TIMEOUT_MS + FRESH_MS
      latest = checkAll(deps).finally(() => (until = performance.now() + FRESH_MS))
    }
    return latest
  }
}

/**
 * Asks every dependency. Postgres and the storage are required; Redis, the replica, Temporal and OpenSearch have
 * fallbacks (local limits, the primary, the outbox) or carry one feature alone.
 */
async function checkAll(deps: ReadinessDeps): Promise<Readiness> {
  const { db, redis, objects, temporal, openSearch, indexPrefix } = deps
  const entries = await Promise.all([
    check('postgres', true, () => db.primary({ text: 'SELECT 1' })),
    check('replica', false, async () => {
      if (!db.rotation.inRotation()) throw new Error('out of rotation')
    }),
    check('redis', false, () => redis.ping()),
    check('storage', true, () => objects.ping()),
    check('temporal', false, () =>
      temporal.withDeadline(Date.now() + CHECK_TIMEOUT_MS, () =>
        temporal.connection.workflowService.getSystemInfo({}),
      ),
    ),
    check('opensearch', false, () => openSearch.ping()),
    check('search-index', false, () => assertIndexServes({ openSearch, indexPrefix, primary: db.primary })),
  ])
  const dependencies = Object.fromEntries(entries)
  return { ready: entries.every(([, it]) => !it.required || it.state === 'up'), dependencies }
}

async function check(name: string, required: boolean, ask: () => Promise<unknown>) {
  const startedAt = performance.now()
  const state = await Promise.race([
    ask().then(
      () => 'up' as const,
      () => 'down' as const,
    ),
    new Promise<'down'>((resolve) => setTimeout(() => resolve('down'), CHECK_TIMEOUT_MS).unref()),
  ])
  return [name, { state, required, ms: Math.round(performance.now() - startedAt) }] as const
}
