import type { ActivityOptions, LocalActivityOptions } from '@temporalio/common'
import { edgeTaskQueue, TASK_QUEUES } from './task-queues.ts'

/**
 * The timeouts and retry policies of all activities, each named for what it protects. Permanent errors are never
 * retried: `activities/failures.ts` makes them non-retryable by type.
 */

/** Failure types that a retry cannot fix. */
export const PERMANENT_FAILURES = {
  /** The bytes are not a photo; details `[{ code, detail }]`. */
  invalidImage: 'InvalidImage',
  /** The caller's mistake, and so a bug: for example malformed input. */
  badRequest: 'BadRequest',
} as const

/**
 * Protects the second between PUT and `ready`: small Postgres and S3 steps run inside the workflow task, which saves
 * the 25 ms that scheduling an activity takes. After one slow or failed attempt, `durableStep` schedules the step, so
 * that an operator sees it pending and why. A second local attempt would run under the timeout of the first, which the
 * SDK does not stop and which panics in a worker that has ended meanwhile
 * (https://github.com/temporalio/sdk-rust/issues/1454).
 */
export const quickStep = {
  // Well below the 10 s of the workflow task in which a local activity runs.
  startToCloseTimeout: '2s',
  scheduleToCloseTimeout: '4s',
  retry: { maximumAttempts: 1 },
} as const satisfies LocalActivityOptions

/**
 * Protects accepted work from outages of Postgres, S3, OpenSearch or Temporal, however long they last. Attempts are at
 * most half a minute apart, so that work resumes soon after an outage. Ten silent seconds mean that the worker is dead:
 * every activity heartbeats each second (`activities/failures.ts`).
 */
export const durableStep = {
  taskQueue: TASK_QUEUES.orchestration,
  // Longer than the 15 s of a statement and the 30 s of an S3 request without an answer.
  startToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions

/**
 * Protects the media worker's slots from a stuck download (a decode is given up by the processor of images), and the
 * upload from a dead worker: heartbeats come every second, so ten seconds without one mean that it died.
 */
export const decodeOriginal = {
  taskQueue: TASK_QUEUES.media,
  // 210 s for 200 MB at 1 MB/s (a larger MAX_UPLOAD_BYTES is refused at boot), then two tries of 2 minutes at most, and the wait
  // for memory.
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const satisfies ActivityOptions

/**
 * Protects variants from one another. Up to three attempts make all of them from a single decode; then each missing one
 * is made on its own, so that one bad variant (or an image that kills the worker) does not hold up the others.
 */
export const renderTogether = {
  ...decodeOriginal,
  retry: { ...decodeOriginal.retry, maximumInterval: '5s', maximumAttempts: 3 },
} as const satisfies ActivityOptions

/**
 * Protects a single variant from an outage of several days: attempts are up to 5 minutes apart. After a week, waiting
 * longer is unlikely to help; the photo becomes `degraded`, and an operator finds it by that stage.
 */
export const renderSingly = {
  ...decodeOriginal,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  scheduleToCloseTimeout: '7 days',
} as const satisfies ActivityOptions

/**
 * The same for the variants that may wait, at a priority below that of uploads (key 4; the default is 3): as long as any original waits
 * for its validation or its first variants, a free slot goes there.
 */
export const renderDeferred = {
  ...renderTogether,
  priority: { priorityKey: 4 },
} as const satisfies ActivityOptions

/** The same for a single one of them. */
export const renderDeferredSingly = {
  ...renderSingly,
  priority: renderDeferred.priority,
} as const satisfies ActivityOptions

/**
 * Protects uploads from a re-encode of the library: the lowest priority (key 5), and slices that end after two seconds and the photo under
 * way, so that it holds one slot, and never for long. A slice is retried until it succeeds, and continues after its last photo.
 */
export const reencodeLibrary = {
  ...decodeOriginal,
  priority: { priorityKey: 5 },
} as const satisfies ActivityOptions

/**
 * Protects uploads from the reading of texts, in the same way: it holds one slot of this queue, for two seconds and the photo under way,
 * and gets it when nothing else waits.
 */
export const readTexts = {
  ...reencodeLibrary,
  // Two tries of 5 minutes at most, as the child comes after all others on a busy machine, and the download.
  startToCloseTimeout: '20 minutes',
} as const satisfies ActivityOptions

/**
 * Protects verdicts from an outage of the classifier, and all other work from waiting for it: on a queue of its own. How long attempts go
 * on is up to the workflow, which tells people in between.
 */
export const screenPhotos = {
  ...decodeOriginal,
  taskQueue: TASK_QUEUES.moderation,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2 minutes' },
} as const satisfies ActivityOptions

/** The same once people have been told, for a week: then waiting longer is unlikely to help. */
export const screenPhotosLate = {
  ...screenPhotos,
  retry: { ...screenPhotos.retry, maximumInterval: '15 minutes' },
  scheduleToCloseTimeout: '7 days',
} as const satisfies ActivityOptions

/**
 * Protects photos from avatars, and an avatar from a worker that dies: on the queue of moderation, as a classifier is asked on the way,
 * whose outage must take no slot that photos need. After a day nobody waits for it any more.
 */
export const makeAvatar = {
  ...decodeOriginal,
  taskQueue: TASK_QUEUES.moderation,
  scheduleToCloseTimeout: '1 day',
} as const satisfies ActivityOptions

/** Protects all other work from waiting for the embedder: on a queue of its own, below uploads, and given up after a while. */
export const embedPhotos = {
  ...screenPhotos,
  taskQueue: TASK_QUEUES.embedding,
  priority: { priorityKey: 4 },
  scheduleToCloseTimeout: '10 minutes',
} as const satisfies ActivityOptions

/**
 * Protects new photos from a run that has the library embedded: the lowest priority (key 5), and slices that end after two seconds and the
 * photo under way. A slice is retried until it succeeds, and continues after its last photo.
 */
export const embedLibrary = {
  ...screenPhotos,
  taskQueue: TASK_QUEUES.embedding,
  priority: { priorityKey: 5 },
} as const satisfies ActivityOptions

/**
 * Protects new photos from a screening of the library: the lowest priority (key 5), and slices that end after two seconds and the photo under
 * way. A slice is retried until it succeeds, and continues after its last photo.
 */
export const screenLibrary = {
  ...screenPhotos,
  priority: { priorityKey: 5 },
} as const satisfies ActivityOptions

/**
 * Protects the promise that every edge refuses narrowed and deleted photos: retried until that is proven. Attempts are
 * at most 15 s apart, because an old URL may still work at an edge that was down until one succeeds.
 */
export const refuseAtEdges = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '60s',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
} as const satisfies ActivityOptions

/** The same for one edge, on a queue of its own: one that swallows packets holds up no other edge and no other work. */
export const refuseAtEdge = (edge: string) =>
  ({ ...refuseAtEdges, taskQueue: edgeTaskQueue(edge) }) satisfies ActivityOptions

/**
 * The same for the URLs that were issued through a share link, which live for ten minutes at most, and a minute of skew: an edge
 * that has been away for longer has nothing left to refuse.
 */
export const refuseLinkAtEdge = (edge: string) =>
  ({ ...refuseAtEdge(edge), scheduleToCloseTimeout: '12 minutes' }) satisfies ActivityOptions

/** As {@link durableStep}, on a queue of its own, so that a search that hangs holds up no other work. */
export const indexDocuments = {
  ...durableStep,
  taskQueue: TASK_QUEUES.search,
} as const satisfies ActivityOptions

/**
 * The same for building an index anew, which gives up once its index is gone. The workflow waits for a cancelled slice to end, so that it
 * writes nothing to an index that is being deleted.
 */
export const rebuildIndex = {
  ...indexDocuments,
  // Creating an index waits for its shards, a page of documents for the slowest of them.
  startToCloseTimeout: '5 minutes',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { ...indexDocuments.retry, nonRetryableErrorTypes: ['BuildGoneError'] },
} as const satisfies ActivityOptions

/** The same for notifications, so that a flood of likes holds up no other work. A slice ends after 10 s. */
export const writeNotifications = {
  ...durableStep,
  taskQueue: TASK_QUEUES.notifications,
} as const satisfies ActivityOptions

/**
 * Protects all other work from addresses that users gave, which may stall on purpose: on a queue of its own. A request takes 10 s at
 * most; when to send the next one is up to the workflow. Retries are for outages here.
 */
export const postToUsers = {
  ...durableStep,
  taskQueue: TASK_QUEUES.outgoing,
} as const satisfies ActivityOptions

/**
 * Protects originals on their way into the cold storage and back, and all other work from waiting for them. A slice ends after 10 s and the
 * original under way; a retry continues after its last one.
 */
export const archiveOriginals = {
  ...durableStep,
  taskQueue: TASK_QUEUES.archive,
  // 240 MB, the largest original, there and back at 1 MB/s.
  startToCloseTimeout: '10 minutes',
  retry: { ...durableStep.retry, maximumInterval: '5 minutes' },
} as const satisfies ActivityOptions

/**
 * Protects the memory of the worker: each attempt holds a part of an archive, so they have slots of their own. A stretch ends after 10 s
 * and the part under way; what a part changes is in rows, so that a retry continues behind the last one.
 */
export const writeExports = {
  ...archiveOriginals,
  taskQueue: TASK_QUEUES.exports,
} as const satisfies ActivityOptions

/**
 * Protects a push from outages and from a dead worker. A slice takes 2 s and heartbeats every second and after each
 * batch, so that a retry continues after the last batch. The workflow waits for a cancelled slice to end, so that
 * nothing is written after it.
 */
export const pushFollowers = {
  taskQueue: TASK_QUEUES.fanout,
  // A batch may begin just before the 2 s of the slice are over; it takes up to 15 s for its statement, and time for
  // Redis.
  startToCloseTimeout: '60s',
  heartbeatTimeout: '10s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
} as const satisfies ActivityOptions

/** The same for the shards of a celebrity's push, on a queue of their own so that other photos do not wait for them. */
export const pushShard = {
  ...pushFollowers,
  taskQueue: TASK_QUEUES['fanout-bulk'],
} as const satisfies ActivityOptions

/**
 * The same for a collection, at the lowest priority (key 5): nobody waits for it, because readers filter out what is
 * left. A widening of an ordinary photo cancels it.
 */
export const collectFollowers = {
  ...pushShard,
  priority: { priorityKey: 5 },
} as const satisfies ActivityOptions

/**
 * Protects readers of the replica: a photo stays in flight until the replica has replayed its push. Attempts to
 * complete it are a second apart.
 */
export const completePush = pushFollowers

/** Protects the database from a sweep that never ends; the sweep of the next hour does what is left. */
export const sweep = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 5 },
} as const satisfies ActivityOptions

/** The same for a ranking, which the next run makes anew. */
export const rank = { ...sweep, startToCloseTimeout: '60s' } as const satisfies ActivityOptions
