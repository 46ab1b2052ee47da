import { createFanoutActivities } from '../activities/distribution.ts'
import { createFeedHeads } from '../infra/redis/feed-heads.ts'
import { openRedis } from '../infra/redis/client.ts'
import { createFanout } from '../services/distribution/push.ts'
import { databaseOf } from './connections.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** Slices hold a database connection each; more of them at once would only queue for connections. */
const SLICES_AT_ONCE = 8

/** Bulk I/O: follower pages into Postgres and Redis. */
export const fanoutWorker = fanoutWorkerOn('fanout', SLICES_AT_ONCE)

/** A worker of one of the fanout queues, with slots and a database pool of its own. */
export function fanoutWorkerOn(taskQueue: 'fanout' | 'fanout-bulk', slicesAtOnce: number): WorkerDefinition {
  return {
    taskQueue,
    runsWorkflows: false,
    options: () => ({ maxConcurrentActivityTaskExecutions: slicesAtOnce }),
    async compose(config) {
      const db = await databaseOf(config, `darkroom-${taskQueue}`)
      const redis = openRedis(config.REDIS_URL)
      const fanout = createFanout({
        db,
        heads: createFeedHeads(redis),
        sharding: { threshold: config.FANOUT_SHARD_THRESHOLD, shards: config.FANOUT_SHARDS },
      })
      return {
        activities: createFanoutActivities({ fanout, sliceFollowers: config.FANOUT_SLICE_FOLLOWERS }),
        async close() {
          redis.disconnect()
          await db.close()
        },
      }
    },
  }
}

if (import.meta.main) await runWorker(fanoutWorker)
