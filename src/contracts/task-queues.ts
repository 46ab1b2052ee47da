/** Task queues, each served by a worker process of its own whose concurrency fits its load. */
export const TASK_QUEUES = {
  /** Workflows and short I/O activities. */
  orchestration: 'orchestration',
  /** Writes of search documents, served by the orchestration worker with slots of their own. */
  search: 'search',
  /** Writes of notifications, served likewise. */
  notifications: 'notifications',
  /** Requests to addresses that users gave, served likewise. */
  outgoing: 'outgoing',
  /** Copies between the hot and the cold storage, served likewise. */
  archive: 'archive',
  /** Writes archives of accounts, served likewise. */
  exports: 'exports',
  /** CPU: decoding, resizing, encoding. */
  media: 'media',
  /** Asks the classifier about photos, served by the media worker with slots of their own. */
  moderation: 'moderation',
  /** Has photos embedded, served likewise. */
  embedding: 'embedding',
  /** Bulk I/O: writes batches of feeds to Postgres and Redis. */
  fanout: 'fanout',
  /**
   * The same for shards of celebrities' pushes and for collections, so that ordinary photos do not wait behind them.
   */
  'fanout-bulk': 'fanout-bulk',
} as const

/** The queue of refusals at one edge, or at a cache in front of the edges, served likewise; most are named by their addresses. */
export const edgeTaskQueue = (edge: string): string => `edge/${edge}`
