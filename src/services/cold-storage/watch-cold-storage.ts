import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Query } from '../../infra/db/database.ts'
import {
  forgetColdStorage,
  originalsCounted,
  reportColdStorage,
} from '../../observability/cold-storage-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { countedOriginals } from './count-originals.ts'
import { secondsSinceRun } from './runs.ts'

const CHECK_INTERVAL_MS = 60_000

/** Reports, until the signal aborts, what is stored where, who waits for a restore, and when coldStorage last ran to its end. */
export function createColdStorageWatch({ db, logger }: { db: Pick<Database, 'primary'>; logger: Logger }) {
  async function check(): Promise<void> {
    try {
      reportColdStorage(await secondsSinceRun(db.primary), await countWaiting(db.primary))
      const counts = await countedOriginals(db.primary)
      if (counts) originalsCounted(counts)
    } catch (error) {
      forgetColdStorage()
      logger.warn({ err: error }, 'state of the cold storage unknown')
    }
  }

  return async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await check()
      await delay(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Plan: cold_originals_restoring_idx. */
async function countWaiting(query: Query): Promise<number> {
  const [row] = await query<{ waiting: string }>({
    text: `SELECT count(*) AS waiting FROM cold_originals WHERE state = 'restoring'`,
  })
  return Number(row!.waiting)
}
