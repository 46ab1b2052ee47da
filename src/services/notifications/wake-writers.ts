import type { Client } from '@temporalio/client'
import { NOTIFICATION_WRITERS } from '../../domain/notifications.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { notificationsOwed } from '../../observability/notification-events.ts'
import { wakeOwing, type Owing } from '../delivery/wake-owing.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

export interface WakeWritersDeps {
  db: Pick<Database, 'primary'>
  temporal: Pick<Client, 'withDeadline'>
  starts: Pick<WorkflowStarts, 'wakeNotificationWriter'>
  logger: Logger
}

/** A writer that has not taken the oldest event by then. */
const AGAIN_AFTER_MS = 15_000

// Plan: one probe of notification_events_pkey for each writer.
const OWED = `
  SELECT w.writer, first.event_id, extract(epoch FROM clock_timestamp() - first.created_at)::float8 AS age_seconds
  FROM generate_series(0, ${NOTIFICATION_WRITERS - 1}) w (writer), LATERAL (
    SELECT event_id, created_at FROM notification_events WHERE writer = w.writer ORDER BY event_id LIMIT 1) first`

/** Wakes each writer that owes notifications, until the signal aborts. Any number of processes may do it. */
export async function wakeWriters(
  { db, temporal, starts, logger }: WakeWritersDeps,
  signal: AbortSignal,
): Promise<void> {
  async function owing(): Promise<Owing[]> {
    const rows = await db.primary<{ writer: number; event_id: string; age_seconds: number }>({
      name: 'notifications-owed',
      text: OWED,
    })
    notificationsOwed(Math.max(0, ...rows.map((row) => row.age_seconds)))
    return rows.map(({ writer, event_id: first }) => ({ writer, first }))
  }
  const wakes = {
    owing,
    wake: (writer: number) => starts.wakeNotificationWriter(writer),
    againAfterMs: AGAIN_AFTER_MS,
    failing: 'writers of notifications are not woken',
  }
  await wakeOwing({ temporal, logger, ...wakes }, signal)
}
