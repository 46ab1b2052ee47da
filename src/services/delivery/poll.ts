import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../observability/logger.ts'

interface PollOptions {
  /** From the end of one look to the next. */
  everyMs: number
  logger: Logger
  /** What the log says of a look that fails; the next one comes all the same. */
  failing: string
}

/** Looks again and again, until the signal aborts. */
export async function poll(
  { everyMs, logger, failing }: PollOptions,
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await look()
    } catch (error) {
      logger.warn({ err: error }, failing)
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
