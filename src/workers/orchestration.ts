import { createFeedSweepActivities } from '../activities/feed.ts'
import { createHousekeepingActivities } from '../activities/operations.ts'
import { createSearchActivities } from '../activities/search.ts'
import { createSyncActivities } from '../activities/retraction.ts'
import { createUploadActivities } from '../activities/uploads.ts'
import { openDelivery } from '../services/delivery/module.ts'
import { openFeedSweep } from '../services/feed/module.ts'
import { openHousekeeping, openReplicaKeeper } from '../services/operations/module.ts'
import { openRetraction } from '../services/retraction/module.ts'
import { openSearchIndex } from '../services/search/module.ts'
import { openUploadSteps } from '../services/uploads/module.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** All workflows, their short I/O activities, the outbox relay and the replica keeper. */
export const orchestrationWorker: WorkerDefinition = {
  taskQueue: 'orchestration',
  runsWorkflows: true,
  options: () => ({
    // Measured: a peak of 245 MB, where the default cache takes 406 MB.
    maxCachedWorkflows: 50,
    // After a kill, the workflows in its cache wait this long for it (default 10 s).
    stickyQueueScheduleToStartTimeout: '5s',
    maxConcurrentWorkflowTaskExecutions: 20,
    maxConcurrentLocalActivityExecutions: 20,
    maxConcurrentActivityTaskExecutions: 30,
  }),
  compose(clients) {
    const delivery = openDelivery(clients)
    return {
      activities: {
        ...createUploadActivities({ ...openUploadSteps(clients), ...delivery }),
        ...createSyncActivities({ ...openRetraction(clients), ...delivery }),
        ...createSearchActivities(openSearchIndex(clients)),
        ...createFeedSweepActivities(openFeedSweep(clients)),
        ...createHousekeepingActivities(openHousekeeping(clients, delivery)),
      },
      background: [delivery.background, openReplicaKeeper(clients).background],
    }
  },
}

if (import.meta.main) await runWorker(orchestrationWorker)
