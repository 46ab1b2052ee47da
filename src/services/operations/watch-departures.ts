import { setTimeout as delay } from 'node:timers/promises'
import type { Query } from '../../infra/db/database.ts'
import { reportExports, type OpenExports } from '../../observability/export-events.ts'
import { reportErasures, type OpenErasures } from '../../observability/leaving-events.ts'
import type { Logger } from '../../observability/logger.ts'

const CHECK_INTERVAL_MS = 60_000

// Plan: account_erasures_open_key, which holds those that are not complete alone.
const ERASURES = `
  SELECT count(*) FILTER (WHERE started_at IS NULL)::int AS waiting, count(started_at)::int AS running,
    coalesce(greatest(0, extract(epoch FROM now() - min(starts_at))), 0)::float8 AS oldest_seconds
  FROM account_erasures WHERE completed_at IS NULL`
// Plan: account_exports_one_idx, which holds those that are being prepared alone.
const EXPORTS = `
  SELECT count(*)::int AS preparing, coalesce(extract(epoch FROM now() - min(progressed_at)), 0)::float8 AS idle_seconds
  FROM account_exports WHERE status = 'preparing'`

export async function readOpenErasures(query: Query): Promise<OpenErasures> {
  const [row] = await query<{ waiting: number; running: number; oldest_seconds: number }>({ text: ERASURES })
  return { waiting: row!.waiting, running: row!.running, oldestSeconds: row!.oldest_seconds }
}

export async function readOpenExports(query: Query): Promise<OpenExports> {
  const [row] = await query<{ preparing: number; idle_seconds: number }>({ text: EXPORTS })
  return { preparing: row!.preparing, idleSeconds: row!.idle_seconds }
}

/** Reports, until the signal aborts, how long people wait for what they are owed when they leave: their data, and its end. */
export async function watchDepartures(
  { primary, logger }: { primary: Query; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      reportErasures(await readOpenErasures(primary))
      reportExports(await readOpenExports(primary))
    } catch (error) {
      logger.warn({ err: error }, 'erasures and exports not counted')
    }
    await delay(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
}
