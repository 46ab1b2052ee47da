import { setTimeout as delay } from 'node:timers/promises'
import type { Query } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { reportQueue } from '../../observability/moderation-events.ts'
import { readQueueFigures } from './stats.ts'

const CHECK_INTERVAL_MS = 60_000

/** Reports, until the signal aborts, how many cases wait for a decision. */
export async function watchQueue(
  { primary, logger }: { primary: Query; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { open, overdue } = await readQueueFigures(primary)
      reportQueue(open, overdue)
    } catch (error) {
      logger.warn({ err: error }, 'cases of moderation not counted')
    }
    await delay(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => undefined)
  }
}
