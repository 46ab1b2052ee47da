import { Context } from '@temporalio/activity'

/** Well below every heartbeat timeout of contracts/activity-options.ts. */
const HEARTBEAT_INTERVAL_MS = 1_000

/**
 * Heartbeats while `work` runs, so that a dead worker is noticed and a cancellation arrives.
 * @param progress what an operator sees of the pending activity; never an id list
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

/** Which try this is; 1 is the first. */
export const currentAttempt = (): number => Context.current().info.attempt
