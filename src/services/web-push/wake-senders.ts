import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { NOTIFICATION_WRITERS } from '../../domain/notifications.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

export interface WakeSendersDeps {
  db: Pick<Database, 'primary'>
  temporal: Pick<Client, 'withDeadline'>
  starts: Pick<WorkflowStarts, 'wakeWebPushSender'>
  logger: Logger
}

/** How long a push waits at most for its sender. */
const POLL_INTERVAL_MS = 500
const CALL_DEADLINE_MS = 5_000
/** A sender that still has something due works on it; a signal may be lost, but not often. */
const AGAIN_AFTER_MS = 5_000

// Plan: one probe of owed_pushes_due_idx for each writer.
const DUE = `
  SELECT w.writer FROM generate_series(0, ${NOTIFICATION_WRITERS - 1}) w (writer)
  WHERE EXISTS (SELECT FROM owed_pushes WHERE writer = w.writer AND due_at <= clock_timestamp())`

/** Wakes the sender of each writer whose accounts are owed pushes, until the signal aborts. Any number of processes may do it. */
export async function wakeSenders(deps: WakeSendersDeps, signal: AbortSignal): Promise<void> {
  const wokenAt = new Map<number, number>()
  while (!signal.aborted) {
    try {
      await wakeOnce(deps, wokenAt)
    } catch (error) {
      deps.logger.warn({ err: error }, 'senders of pushes are not woken')
    }
    await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}

/** @param wokenAt by writer; one that had nothing due since then is woken at once */
async function wakeOnce(
  { db, temporal, starts }: WakeSendersDeps,
  wokenAt: Map<number, number>,
): Promise<void> {
  const rows = await db.primary<{ writer: number }>({ name: 'pushes-due', text: DUE })
  const due = new Set(rows.map((row) => row.writer))
  for (const writer of wokenAt.keys()) if (!due.has(writer)) wokenAt.delete(writer)
  const now = performance.now()
  await temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    Promise.all(
      [...due].map(async (writer) => {
        if (now - (wokenAt.get(writer) ?? -Infinity) < AGAIN_AFTER_MS) return
        await starts.wakeWebPushSender(writer)
        wokenAt.set(writer, now)
      }),
    ),
  )
}
