import type { Query } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { reportQueue } from '../../observability/moderation-events.ts'
import { poll } from '../delivery/poll.ts'
import { readQueueFigures } from './stats.ts'

const CHECK_INTERVAL_MS = 60_000

/** Reports, until the signal aborts, how many cases wait for a decision. */
export async function watchQueue(
  { primary, logger }: { primary: Query; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    const { open, overdue } = await readQueueFigures(primary)
    reportQueue(open, overdue)
  }
  await poll({ everyMs: CHECK_INTERVAL_MS, logger, failing: 'cases of moderation not counted' }, look, signal)
}
