import { fanoutWorkerOn } from './fanout.ts'
import { runWorker } from './run-worker.ts'

/**
 * Few, as they are long: what a celebrity's push leaves of Postgres and Redis is for readers and for ordinary photos. One in
 * Postgres while the other is in Redis; on two cores four of them pushed no faster, and reads took three times as long.
 */
const SHARDS_AT_ONCE = 2

/** Shards of the pushes of celebrities' photos. */
export const fanoutBulkWorker = fanoutWorkerOn('fanout-bulk', SHARDS_AT_ONCE)

if (import.meta.main) await runWorker(fanoutBulkWorker)
