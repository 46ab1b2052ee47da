import { createAvatarActivities } from '../activities/avatars.ts'
import { createColdStorageActivities } from '../activities/cold-storage.ts'
import { createDiscoveryActivities } from '../activities/discovery.ts'
import { createExportActivities } from '../activities/exports.ts'
import { createFeedSweepActivities } from '../activities/feed.ts'
import { createGraphActivities } from '../activities/graph.ts'
import { createLeavingActivities } from '../activities/leaving.ts'
import { createAccountStandingActivities } from '../activities/moderation.ts'
import { createModerationCaseActivities } from '../activities/moderation-cases.ts'
import { createNotificationActivities } from '../activities/notifications.ts'
import { createHousekeepingActivities } from '../activities/operations.ts'
import { createSearchActivities } from '../activities/search.ts'
import { createModerationSteps } from '../activities/screening.ts'
import { createDriftActivities } from '../activities/search-drift.ts'
import { createReindexActivities } from '../activities/search-reindex.ts'
import { createShareLinkActivities } from '../activities/share-links.ts'
import { createRetractionActivities, createSyncActivitiesV02 } from '../activities/retraction.ts'
import { edgeTaskQueue, TASK_QUEUES } from '../contracts/task-queues.ts'
import { createUploadActivities } from '../activities/uploads.ts'
import { createWebPushActivities } from '../activities/web-push.ts'
import { createWebhookActivities } from '../activities/webhooks.ts'
import { openAvatarSteps } from '../services/avatars/module.ts'
import { openColdStorage, openColdStorageWatch } from '../services/cold-storage/module.ts'
import { openDelivery } from '../services/delivery/module.ts'
import { openRankings } from '../services/discovery/module.ts'
import { openExportSteps } from '../services/exports/module.ts'
import { openFeedSweep } from '../services/feed/module.ts'
import { openGraphSteps } from '../services/graph/module.ts'
import { openErasureSteps } from '../services/leaving/module.ts'
import { openAccountStandings, openCaseReviews } from '../services/moderation/module.ts'
import { openNotificationWriter } from '../services/notifications/module.ts'
import { openQueueWatch } from '../services/moderation/module.ts'
import {
  openDeparturesWatch,
  openHousekeeping,
  openReplicaKeeper,
  openStorageWatch,
} from '../services/operations/module.ts'
import { openTextReaderWatch } from '../services/photo-texts/module.ts'
import { openRetraction } from '../services/retraction/module.ts'
import { openModerationSteps } from '../services/screening/module.ts'
import { openSearchIndex } from '../services/search/module.ts'
import { openLinkEnds } from '../services/share-links/module.ts'
import { openUploadSteps } from '../services/uploads/module.ts'
import { openWebPushSender } from '../services/web-push/module.ts'
import { openDeliveryAttempts } from '../services/webhooks/module.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** Writes that wait for OpenSearch at a time. */
const SEARCH_SLOTS = 20
/** Writers of notifications that write at a time; each takes a connection to Postgres. */
const NOTIFICATION_SLOTS = 2
/** Requests to addresses of users at a time; each takes 10 s at most, and no connection to Postgres meanwhile. */
const OUTGOING_SLOTS = 50
/** Originals on their way into the cold storage or back at a time. */
const ARCHIVE_SLOTS = 2
/** Parts of archives that are made at a time: each takes 40 MB at most. */
const EXPORT_SLOTS = 2
/** Refusals that wait for one edge at a time: it confirms some 300 a second. */
const EDGE_SLOTS = 20

/** All workflows, their short I/O activities, the outbox relay, the replica keeper and the watches on storage. */
export const orchestrationWorker: WorkerDefinition = {
  taskQueue: 'orchestration',
  role: 'orchestration',
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
    const retraction = openRetraction(clients)
    const moderation = openModerationSteps(clients, delivery)
    const notifications = openNotificationWriter(clients, delivery)
    const webhooks = openDeliveryAttempts(clients, delivery)
    const webPush = openWebPushSender(clients, delivery)
    const search = openSearchIndex(clients)
    return {
      activities: {
        ...createUploadActivities({ ...openUploadSteps(clients, moderation.verdicts), ...delivery }),
        ...createAvatarActivities(openAvatarSteps(clients)),
        ...createModerationSteps(moderation),
        ...createModerationCaseActivities(openCaseReviews(clients)),
        ...createRetractionActivities(retraction, delivery),
        ...createSyncActivitiesV02(retraction),
        ...createShareLinkActivities(openLinkEnds(clients), retraction),
        ...createAccountStandingActivities(openAccountStandings(clients, delivery)),
        ...createLeavingActivities(openErasureSteps(clients, delivery, retraction)),
        ...createGraphActivities(openGraphSteps(clients)),
        ...createSearchActivities(search),
        ...createReindexActivities(search),
        ...createDriftActivities(search),
        ...createDiscoveryActivities(openRankings(clients)),
        ...createNotificationActivities(notifications),
        ...createWebhookActivities(webhooks),
        ...(webPush && createWebPushActivities(webPush)),
        ...createFeedSweepActivities(openFeedSweep(clients)),
        ...createColdStorageActivities(openColdStorage(clients)),
        ...createExportActivities(openExportSteps(clients)),
        ...createHousekeepingActivities(openHousekeeping(clients, delivery)),
      },
      // What waits for an edge, for search or for strangers takes no slot that others need.
      besides: [
        { taskQueue: TASK_QUEUES.search, slots: SEARCH_SLOTS },
        { taskQueue: TASK_QUEUES.notifications, slots: NOTIFICATION_SLOTS },
        { taskQueue: TASK_QUEUES.outgoing, slots: OUTGOING_SLOTS },
        { taskQueue: TASK_QUEUES.archive, slots: ARCHIVE_SLOTS },
        { taskQueue: TASK_QUEUES.exports, slots: EXPORT_SLOTS },
        ...[...retraction.refusals.edges, ...retraction.refusals.fronts].map((edge) => ({
          taskQueue: edgeTaskQueue(edge),
          slots: EDGE_SLOTS,
        })),
      ],
      background: [
        delivery.background,
        retraction.background,
        notifications.background,
        webhooks.background,
        ...(webPush ? [webPush.background] : []),
        openTextReaderWatch(clients, delivery).background,
        openReplicaKeeper(clients).background,
        openStorageWatch(clients).background,
        openColdStorageWatch(clients).background,
        openQueueWatch(clients).background,
        openDeparturesWatch(clients).background,
      ],
    }
  },
}

if (import.meta.main) await runWorker(orchestrationWorker)
