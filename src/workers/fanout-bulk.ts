import { fanoutWorkerOn } from './fanout.ts'
import { runWorker } from './run-worker.ts'

/**
 * Few, because shards are long: Postgres and Redis must stay free for readers and ordinary photos. With two, one is in
 * Postgres while the other is in Redis; on two cores, four pushed no faster, and reads took three times as long.
 */
const SHARDS_AT_ONCE = 2

/** Runs the shards of celebrities' pushes, and collections. */
export const fanoutBulkWorker = fanoutWorkerOn('fanout-bulk', SHARDS_AT_ONCE)

if (import.meta.main) await runWorker(fanoutBulkWorker)
