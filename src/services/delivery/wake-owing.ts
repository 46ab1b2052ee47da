import type { Client } from '@temporalio/client'
import type { Logger } from '../../observability/logger.ts'
import { poll } from './poll.ts'

/** One of NOTIFICATION_WRITERS whose accounts are owed something now. */
export interface Owing {
  writer: number
  /** The first that is owed, if that changes as the work goes on. */
  first?: string
}

interface WakesOptions {
  temporal: Pick<Client, 'withDeadline'>
  logger: Logger
  /** What the log says where Postgres or Temporal does not answer. */
  failing: string
  owing: () => Promise<Owing[]>
  /** Starts or signals the workflow of a writer. */
  wake: (writer: number) => Promise<void>
  /** A writer that owes the same for so long is woken again: a signal may be lost, but not often. */
  againAfterMs: number
}

/** How long what is owed waits at most before its writer is woken. */
const POLL_INTERVAL_MS = 500
const CALL_DEADLINE_MS = 5_000

/**
 * Wakes the workflows of writers that owe something, until the signal aborts. However much it is, a writer gets one signal a look, and
 * none while it owes the same. Any number of processes may do it.
 */
export async function wakeOwing(
  { temporal, logger, failing, owing, wake, againAfterMs }: WakesOptions,
  signal: AbortSignal,
): Promise<void> {
  const due = createDue(againAfterMs)
  const look = async () => {
    const now = performance.now()
    const writers = due.of(await owing(), now)
    await temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
      Promise.all(
        writers.map(async (one) => {
          await wake(one.writer)
          due.woken(one, now)
        }),
      ),
    )
  }
  await poll({ everyMs: POLL_INTERVAL_MS, logger, failing }, look, signal)
}

/** Remembers who was woken for what, and when. */
export function createDue(againAfterMs: number) {
  const wokenFor = new Map<number, { first: string | undefined; at: number }>()
  return {
    /** Of those that owe something, those to be woken now. */
    of(owing: readonly Owing[], now: number): Owing[] {
      const writers = new Set(owing.map(({ writer }) => writer))
      for (const writer of wokenFor.keys()) if (!writers.has(writer)) wokenFor.delete(writer)
      return owing.filter(({ writer, first }) => {
        const last = wokenFor.get(writer)
        return last === undefined || last.first !== first || now - last.at >= againAfterMs
      })
    },
    woken({ writer, first }: Owing, now: number): void {
      wokenFor.set(writer, { first, at: now })
    },
  }
}
