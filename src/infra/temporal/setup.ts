import { setTimeout as delay } from 'node:timers/promises'
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
} from '@temporalio/client'
import { COLD_STORAGE, COLD_STORAGE_ID, COLD_STORAGE_SCHEDULE_ID } from '../../contracts/cold-storage.ts'
import { DISCOVERY_RANKING, DISCOVERY_RANKING_SCHEDULE_ID } from '../../contracts/discovery-ranking.ts'
import { FEED_COLLECTION, FEED_COLLECTION_SCHEDULE_ID } from '../../contracts/feed-collection.ts'
import { HOUSEKEEPING, HOUSEKEEPING_SCHEDULE_ID } from '../../contracts/housekeeping.ts'
import { SEARCH_DRIFT, SEARCH_DRIFT_SCHEDULE_ID } from '../../contracts/search-drift.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { addMissingSearchAttributes, findMissingSearchAttributes } from './search-attributes.ts'

/** How long closed workflows stay readable. The dev server has 24 h for every namespace, whatever is asked for. */
export const RETENTION_DAYS = 7
/** A new namespace or attribute reaches all parts of a server within some seconds. */
const SETTLE_TRIES = 60
const SETTLE_PAUSE_MS = 500
const ALREADY_EXISTS = 6
const NOT_FOUND = 5

type Progress = (line: string) => void

/** Everything that Darkroom runs on a schedule. */
const SCHEDULES = [
  scheduled({
    scheduleId: HOUSEKEEPING_SCHEDULE_ID,
    workflowType: HOUSEKEEPING,
    workflowId: HOUSEKEEPING,
    every: '1 hour',
    jitter: '5 minutes',
    staticSummary: 'Sweep closed uploads, old idempotency keys and ended sessions',
  }),
  scheduled({
    scheduleId: FEED_COLLECTION_SCHEDULE_ID,
    workflowType: FEED_COLLECTION,
    workflowId: FEED_COLLECTION,
    every: '1 hour',
    jitter: '15 minutes',
    staticSummary: 'Un-enrol who no longer reads; delete rows of feeds that no longer belong',
  }),
  scheduled({
    scheduleId: COLD_STORAGE_SCHEDULE_ID,
    workflowType: COLD_STORAGE,
    workflowId: COLD_STORAGE_ID,
    every: '1 day',
    jitter: '1 hour',
    staticSummary: 'Move old originals into the cold storage; end the time of restored ones',
  }),
  scheduled({
    scheduleId: SEARCH_DRIFT_SCHEDULE_ID,
    workflowType: SEARCH_DRIFT,
    workflowId: SEARCH_DRIFT_SCHEDULE_ID,
    every: '5 minutes',
    jitter: '30 seconds',
    staticSummary: 'Compare photos with their search documents; have a lost index built anew',
  }),
  scheduled({
    scheduleId: DISCOVERY_RANKING_SCHEDULE_ID,
    workflowType: DISCOVERY_RANKING,
    workflowId: DISCOVERY_RANKING_SCHEDULE_ID,
    every: '5 minutes',
    jitter: '30 seconds',
    staticSummary: 'Rank the tags that trend and the photos of explore',
  }),
]

type Period = '1 day' | '1 hour' | '15 minutes' | '5 minutes' | '30 seconds'

interface Scheduled {
  scheduleId: string
  workflowType: string
  workflowId: string
  every: Period
  jitter: Period
  staticSummary: string
}

/** A run that is still going on makes the next one needless; after an outage one is enough. */
function scheduled({
  scheduleId,
  every,
  jitter,
  ...workflow
}: Scheduled): ScheduleOptions<ScheduleOptionsStartWorkflowAction<() => Promise<unknown>>> {
  return {
    scheduleId,
    spec: { intervals: [{ every }], jitter },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: every },
    action: { type: 'startWorkflow', taskQueue: TASK_QUEUES.orchestration, args: [], ...workflow },
  }
}

/**
 * Namespace, search attributes and schedules; repeating it changes nothing. Waits until the server has them.
 * @param progress receives one line for each thing done
 */
export async function setUpTemporal(client: Client, progress: Progress = () => {}): Promise<void> {
  const { connection } = client
  const { namespace } = client.options
  await ensureNamespace(client, namespace, progress)
  const added = await settled(() => addMissingSearchAttributes(connection, namespace))
  if (added.length > 0) progress(`search attributes added: ${added.join(', ')}`)
  await settled(async () => {
    const missing = await findMissingSearchAttributes(connection, namespace)
    if (missing.length > 0) throw new Error(`the server has not taken up ${missing.join(', ')}`)
  })
  for (const schedule of SCHEDULES) await settled(() => ensureSchedule(client, schedule, progress))
}

async function ensureNamespace(client: Client, namespace: string, progress: Progress): Promise<void> {
  try {
    await client.workflowService.describeNamespace({ namespace })
    return
  } catch (error) {
    if (codeOf(error) !== NOT_FOUND) throw error
  }
  try {
    await client.workflowService.registerNamespace({
      namespace,
      description: 'Darkroom: uploads, distribution and retraction of photos',
      workflowExecutionRetentionPeriod: { seconds: RETENTION_DAYS * 24 * 60 * 60 } as never,
    })
    progress(`namespace ${namespace} registered`)
  } catch (error) {
    if (codeOf(error) !== ALREADY_EXISTS) throw error
  }
}

/** Creates the schedule, or brings an existing one in line; whether an operator has paused it is left as it is. */
async function ensureSchedule(
  client: Client,
  schedule: (typeof SCHEDULES)[number],
  progress: Progress,
): Promise<void> {
  const handle = client.schedule.getHandle(schedule.scheduleId)
  try {
    await handle.update((existing) => ({
      ...existing,
      spec: schedule.spec,
      action: schedule.action,
      policies: { ...existing.policies, ...schedule.policies },
    }))
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    await client.schedule.create(schedule)
    progress(`schedule ${schedule.scheduleId} created`)
  }
}

/** Repeats for half a minute: parts of the server learn of a new namespace one after the other. */
async function settled<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries === SETTLE_TRIES) throw error
      await delay(SETTLE_PAUSE_MS)
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
