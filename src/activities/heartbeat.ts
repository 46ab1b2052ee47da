import { Context } from '@temporalio/activity'

/** Well below every heartbeat timeout of contracts/activity-options.ts. */
const HEARTBEAT_INTERVAL_MS = 1_000

/**
 * Heartbeats while `work` runs, so that a dead worker is noticed and a cancellation arrives.
 * @param progress the details of each heartbeat, which operators see and a retry can read; never a list of ids
 */
export async function whileHeartbeating<T>(
  work: (signal: AbortSignal) => Promise<T>,
  progress: () => unknown = () => undefined,
): Promise<T> {
  const context = Context.current()
  const timer = setInterval(() => context.heartbeat(progress()), HEARTBEAT_INTERVAL_MS)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(timer)
  }
}

/** The number of this attempt; the first is 1. */
export const currentAttempt = (): number => Context.current().info.attempt
