import type { Client } from '@temporalio/client'
import { NOTIFICATION_WRITERS } from '../../domain/notifications.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { wakeOwing } from '../delivery/wake-owing.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

export interface WakeSendersDeps {
  db: Pick<Database, 'primary'>
  temporal: Pick<Client, 'withDeadline'>
  starts: Pick<WorkflowStarts, 'wakeWebPushSender'>
  logger: Logger
}

/** A sender that still has something due works on it. */
const AGAIN_AFTER_MS = 5_000

// Plan: one probe of owed_pushes_due_idx for each writer.
const DUE = `
  SELECT w.writer FROM generate_series(0, ${NOTIFICATION_WRITERS - 1}) w (writer)
  WHERE EXISTS (SELECT FROM owed_pushes WHERE writer = w.writer AND due_at <= clock_timestamp())`

/** Wakes the sender of each writer whose accounts are owed pushes, until the signal aborts. Any number of processes may do it. */
export async function wakeSenders(
  { db, temporal, starts, logger }: WakeSendersDeps,
  signal: AbortSignal,
): Promise<void> {
  const wakes = {
    owing: () => db.primary<{ writer: number }>({ name: 'pushes-due', text: DUE }),
    wake: (writer: number) => starts.wakeWebPushSender(writer),
    againAfterMs: AGAIN_AFTER_MS,
    failing: 'senders of pushes are not woken',
  }
  await wakeOwing({ temporal, logger, ...wakes }, signal)
}
