import { createFeedCollectionActivities } from '../activities/feed.ts'
import { createHousekeepingActivities } from '../activities/operations.ts'
import { createSearchActivities } from '../activities/search.ts'
import { createSyncActivities } from '../activities/retraction.ts'
import { createUploadActivities } from '../activities/uploads.ts'
import { createCdn } from '../infra/cdn/cdn.ts'
import { openSearchClient } from '../infra/opensearch/client.ts'
import { createPhotoIndex } from '../infra/opensearch/photo-index.ts'
import { openRedis } from '../infra/redis/client.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { createFeedCollection } from '../services/feed/sweep.ts'
import { createHousekeeping } from '../services/operations/housekeeping.ts'
import { createOutbox } from '../services/delivery/outbox.ts'
import { createReplicaKeeper } from '../services/operations/replica-keeper.ts'
import { createPhotoSync } from '../services/retraction/photo-sync.ts'
import { createSearchIndex } from '../services/search/search-index.ts'
import { createUploads } from '../services/uploads/claim-and-publish.ts'
import { createWorkflowStarts } from '../services/delivery/workflow-starts.ts'
import { databaseOf, objectStoreOf } from './connections.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** An edge answers a deny once it is on its disk, within a second; this leaves room for a slow network. */
const EDGE_TIMEOUT_MS = 5_000

/** All workflows, their short I/O activities, the outbox relay and the replica keeper. */
export const orchestrationWorker: WorkerDefinition = {
  taskQueue: 'orchestration',
  runsWorkflows: true,
  options: () => ({
    // Measured: 245 MB at the peak, where the default cache takes 406 MB.
    maxCachedWorkflows: 50,
    // After a kill, the workflows that it had cached wait this long for it (default 10 s).
    stickyQueueScheduleToStartTimeout: '5s',
    maxConcurrentWorkflowTaskExecutions: 20,
    maxConcurrentLocalActivityExecutions: 20,
    maxConcurrentActivityTaskExecutions: 30,
  }),
  async compose(config, logger) {
    const db = await databaseOf(config, 'darkroom-orchestration')
    const objects = objectStoreOf(config)
    const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
    const search = openSearchClient(config.OPENSEARCH_URL)
    const redis = openRedis(config.REDIS_URL)
    const index = createPhotoIndex(search, config.OPENSEARCH_INDEX_PREFIX)
    const cdn = createCdn({
      edgeUrls: config.CDN_EDGE_URLS,
      purgeToken: config.CDN_PURGE_TOKEN,
      fetchTimeoutMs: EDGE_TIMEOUT_MS,
    })
    const starts = createWorkflowStarts(temporal)
    const photoSync = createPhotoSync({
      db,
      objects,
      cdn,
      cdnBaseUrl: config.CDN_BASE_URL,
      cdnSigningKey: config.CDN_SIGNING_KEY,
    })
    const keeper = createReplicaKeeper({
      db,
      logger,
      standbyNames: config.DATABASE_STANDBY_NAMES,
      replicaName: config.DATABASE_REPLICA_NAME,
    })
    return {
      activities: {
        ...createUploadActivities({
          uploads: createUploads({ db, objects, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
          starts,
        }),
        ...createSyncActivities({ photoSync, starts }),
        ...createSearchActivities({ searchIndex: createSearchIndex({ index, primary: db.primary }) }),
        ...createFeedCollectionActivities({
          collection: createFeedCollection({
            db,
            redis,
            unenrolDays: config.FEED_UNENROL_DAYS,
            logger,
          }),
        }),
        ...createHousekeepingActivities({ housekeeping: createHousekeeping({ db, objects, starts }) }),
      },
      async background(signal) {
        const relay = createOutbox({ db, temporal, logger }).runRelay(signal)
        await Promise.all([relay, config.DATABASE_REPLICA_URL && keeper.run(signal)])
      },
      async close() {
        objects.close()
        redis.disconnect()
        await Promise.all([db.close(), temporal.connection.close(), search.close()])
      },
    }
  },
}

if (import.meta.main) await runWorker(orchestrationWorker)
