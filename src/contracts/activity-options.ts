import type { ActivityOptions, LocalActivityOptions } from '@temporalio/common'
import { TASK_QUEUES } from './task-queues.ts'

/**
 * Every timeout and retry policy of Darkroom's activities, named for what it protects. Permanent errors never come to a
 * retry: `activities/failures.ts` makes them non-retryable by type.
 */

/** Failure types that a retry cannot fix. */
export const PERMANENT_FAILURES = {
  /** The bytes are not a photo; details `[{ code, detail }]`. */
  invalidImage: 'InvalidImage',
  /** The caller's mistake, a bug: a malformed input of an activity. */
  badRequest: 'BadRequest',
} as const

/**
 * Protects the second between PUT and `ready`: tiny Postgres and S3 steps run within the workflow task, which saves the
 * 25 ms that a scheduled activity takes. Tried once: what is not quick or fails is scheduled with `durableStep`, so that an
 * operator sees it pending and why. A second local try would also run against the timeout of the first, which the SDK does
 * not stop (https://github.com/temporalio/sdk-rust/issues/1454), and which panics in a worker that has ended meanwhile.
 */
export const quickStep = {
  // Well below the 10 s of a workflow task, which a local activity holds.
  startToCloseTimeout: '2s',
  scheduleToCloseTimeout: '4s',
  retry: { maximumAttempts: 1 },
} as const satisfies LocalActivityOptions

/**
 * Protects accepted work from outages of Postgres, S3, OpenSearch or Temporal, however long: retried without end.
 * Half a minute between tries at most, so that work resumes soon after the outage.
 */
export const durableStep = {
  taskQueue: TASK_QUEUES.orchestration,
  // Longer than the 15 s of a statement and the 30 s of a silent S3 request.
  startToCloseTimeout: '60s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions

/**
 * Protects the media worker's slots from a stuck download or decode (libvips itself gives up after 30 s), and the upload
 * from a dead worker: heartbeats come each second, so that ten silent seconds mean that it died.
 */
export const decodeOriginal = {
  taskQueue: TASK_QUEUES.media,
  // 50 MB at 1 MB/s, then the decode.
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const satisfies ActivityOptions

/**
 * Protects variants from one another: three tries for all from a single decode, then what is missing is made singly, so
 * that one bad variant (or an image that kills the worker) does not hold up the others.
 */
export const renderTogether = {
  ...decodeOriginal,
  retry: { ...decodeOriginal.retry, maximumInterval: '5s', maximumAttempts: 3 },
} as const satisfies ActivityOptions

/**
 * Protects a single variant from an outage of days: up to 5 minutes between tries. After a week nobody is about to mend
 * it by waiting; the photo is `degraded` then, which an operator finds by its stage.
 */
export const renderSingly = {
  ...decodeOriginal,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  scheduleToCloseTimeout: '7 days',
} as const satisfies ActivityOptions

/**
 * Protects the promise that narrowed or deleted photos are refused at every edge: retried until proven, never given up.
 * At most 15 s between tries, as until then an old URL may still work at an edge that was down.
 */
export const refuseAtEdges = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '60s',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
} as const satisfies ActivityOptions

/**
 * Protects a push from outages and from a dead worker: a slice takes 2 s and heartbeats each second and after each page,
 * so that a retry goes on where the last page ended. The workflow waits for a cancelled slice to end, so that none writes after it.
 */
export const pushFollowers = {
  taskQueue: TASK_QUEUES.fanout,
  // 15 s of a statement and what Redis takes, for a page that was begun just before the slice's 2 s were over.
  startToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
} as const satisfies ActivityOptions

/** The same for slices of a celebrity's shard, queued apart so that other photos do not wait for them. */
export const pushShard = {
  ...pushFollowers,
  taskQueue: TASK_QUEUES['fanout-bulk'],
} as const satisfies ActivityOptions

/**
 * The same for a collection: nobody waits for it, as readers filter what is left, and a widening does not let an ordinary
 * photo's go on. Key 5 is the last that is served.
 */
export const collectFollowers = {
  ...pushShard,
  priority: { priorityKey: 5 },
} as const satisfies ActivityOptions

/** Protects readers of the replica: a photo stays in flight until that has replayed its push, which is asked each second. */
export const completePush = pushFollowers

/** Protects the database from a sweep that never ends; what it leaves, the next hour's sweep takes. */
export const sweep = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 5 },
} as const satisfies ActivityOptions
