import { createFanoutActivities } from '../activities/distribution.ts'
import { openDistribution } from '../services/distribution/module.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** Each slice holds a database connection; more slices at once would only queue for connections. */
const SLICES_AT_ONCE = 8

/** Bulk I/O: writes batches of feeds to Postgres and Redis. */
export const fanoutWorker = fanoutWorkerOn('fanout', SLICES_AT_ONCE)

/** A worker of one of the fanout queues, with slots and a database pool of its own. */
export function fanoutWorkerOn(taskQueue: 'fanout' | 'fanout-bulk', slicesAtOnce: number): WorkerDefinition {
  return {
    taskQueue,
    role: 'fanout',
    runsWorkflows: false,
    options: () => ({ maxConcurrentActivityTaskExecutions: slicesAtOnce }),
    compose: (clients) => ({
      activities: createFanoutActivities({
        ...openDistribution(clients),
        sliceFollowers: clients.config.FANOUT_SLICE_FOLLOWERS,
      }),
    }),
  }
}

if (import.meta.main) await runWorker(fanoutWorker)
