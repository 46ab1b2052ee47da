/** Task queues, each served by its own worker process with concurrency fitting its load. */
export const TASK_QUEUES = {
  /** Workflows and short I/O activities. */
  orchestration: 'orchestration',
  /** CPU: decoding, resizing, encoding. */
  media: 'media',
  /** Bulk I/O: follower pages into Postgres and Redis. */
  fanout: 'fanout',
  /** The same for shards of a celebrity's push, so that ordinary photos do not wait behind them. */
  'fanout-bulk': 'fanout-bulk',
} as const
