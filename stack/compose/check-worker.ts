/** Health check of a worker's container: Temporal has recently seen a poll for activities on its queue. */
import { Connection } from '@temporalio/client'

/** A poll lasts at most about a minute. */
const recentMs = 120_000
/** TASK_QUEUE_TYPE_ACTIVITY of temporal.api.enums.v1.TaskQueueType. */
const activityQueue = 2

const connection = await Connection.connect({
  address: process.env.TEMPORAL_ADDRESS ?? 'temporal:7233',
  connectTimeout: '5s',
})
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: process.env.TEMPORAL_NAMESPACE ?? 'darkroom',
  taskQueue: { name: process.argv[2] ?? '' },
  taskQueueType: activityQueue,
})
const isRecent = (seconds: number) => seconds * 1_000 > Date.now() - recentMs
const isServed = (pollers ?? []).some((poller) => isRecent(Number(poller.lastAccessTime?.seconds ?? 0)))
process.exit(isServed ? 0 : 1)
