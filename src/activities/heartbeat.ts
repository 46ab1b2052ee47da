import { Context } from '@temporalio/activity'

/** Well below every heartbeat timeout of contracts/activity-options.ts. */
const HEARTBEAT_INTERVAL_MS = 1_000

type Details = () => unknown

/** What each activity that is under way reports at present. */
const reporting = new WeakMap<Context, Details>()

/**
 * Heartbeats while `work` runs, so that a dead worker is noticed and a cancellation arrives. Within another such call it
 * only changes what is reported. Local activities have no heartbeats: the workflow task that holds them ends with its worker.
 * @param progress the details of each heartbeat, which operators see and a retry can read; never a list of ids
 */
export async function whileHeartbeating<T>(
  work: (signal: AbortSignal) => Promise<T>,
  progress: Details = () => undefined,
): Promise<T> {
  const context = Context.current()
  const outer = reporting.get(context)
  reporting.set(context, progress)
  const timer =
    outer || context.info.isLocal
      ? undefined
      : setInterval(() => context.heartbeat(reporting.get(context)!()), HEARTBEAT_INTERVAL_MS)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(timer)
    if (outer) reporting.set(context, outer)
  }
}

/** The number of this attempt; the first is 1. */
export const currentAttempt = (): number => Context.current().info.attempt
