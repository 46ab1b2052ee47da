import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Query } from '../../infra/db/database.ts'
import {
  forgetColdStorage,
  originalsCounted,
  reportColdStorage,
  type OriginalCounts,
} from '../../observability/cold-storage-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { secondsSinceRun } from './runs.ts'

const CHECK_INTERVAL_MS = 60_000
/** Originals are counted by reading all of them, so rarely. */
const COUNT_INTERVAL_MS = 60 * 60 * 1000
const PAGE = 10_000

/** Reports, until the signal aborts, what is stored where, who waits for a restore, and when coldStorage last ran to its end. */
export function createColdStorageWatch({ db, logger }: { db: Pick<Database, 'primary'>; logger: Logger }) {
  async function check(): Promise<void> {
    try {
      reportColdStorage(await secondsSinceRun(db.primary), await countWaiting(db.primary))
    } catch (error) {
      forgetColdStorage()
      logger.warn({ err: error }, 'state of the cold storage unknown')
    }
  }

  /** @returns whether it could */
  async function count(signal: AbortSignal): Promise<boolean> {
    try {
      originalsCounted(await countOriginals(db.primary, signal))
      return true
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, 'originals could not be counted')
      return false
    }
  }

  return async (signal: AbortSignal): Promise<void> => {
    let countedAt = -Infinity
    while (!signal.aborted) {
      await check()
      if (performance.now() - countedAt >= COUNT_INTERVAL_MS && (await count(signal)))
        countedAt = performance.now()
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

/** Page by page, so that no statement takes long however many there are. Plan: blobs_pkey from the last one on. */
async function countOriginals(query: Query, signal: AbortSignal): Promise<OriginalCounts> {
  const counts: OriginalCounts = {
    hot: { originals: 0, bytes: 0 },
    cold: { originals: 0, bytes: 0 },
    restored: { originals: 0, bytes: 0 },
  }
  for (let after: string | null = NO_ID; after !== null;) {
    signal.throwIfAborted()
    const rows: CountedRow[] = await query<CountedRow>({
      text: `
        WITH page AS MATERIALIZED (
          SELECT blob_id, tier, state, bytes, restored_key FROM blobs WHERE blob_id > $1 ORDER BY blob_id LIMIT $2)
        SELECT t.tier, count(p.blob_id) AS originals, coalesce(sum(p.bytes), 0) AS bytes,
          (SELECT blob_id FROM page ORDER BY blob_id OFFSET $2 - 1) AS last
        FROM (VALUES ('hot'), ('cold'), ('restored')) t (tier)
        LEFT JOIN page p ON p.state <> 'condemned'
          AND CASE t.tier WHEN 'restored' THEN p.restored_key IS NOT NULL ELSE p.tier = t.tier END
        GROUP BY t.tier`,
      values: [after, PAGE],
    })
    for (const { tier, originals, bytes } of rows) {
      counts[tier].originals += Number(originals)
      counts[tier].bytes += Number(bytes)
    }
    after = rows[0]!.last
  }
  return counts
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

type CountedRow = { tier: keyof OriginalCounts; originals: string; bytes: string; last: string | null }
