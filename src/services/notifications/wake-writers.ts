import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { NOTIFICATION_WRITERS } from '../../domain/notifications.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { notificationsOwed } from '../../observability/notification-events.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

export interface WakeWritersDeps {
  db: Pick<Database, 'primary'>
  temporal: Pick<Client, 'withDeadline'>
  starts: Pick<WorkflowStarts, 'wakeNotificationWriter'>
  logger: Logger
}

/** How long news waits at most before its writer is woken. */
const POLL_INTERVAL_MS = 500
const CALL_DEADLINE_MS = 5_000
/** A writer that has not come further is woken again after this time: a signal may be lost, but not often. */
const AGAIN_AFTER_MS = 15_000

// Plan: one probe of notification_events_pkey for each writer.
const OWED = `
  SELECT w.writer, first.event_id, extract(epoch FROM clock_timestamp() - first.created_at)::float8 AS age_seconds
  FROM generate_series(0, ${NOTIFICATION_WRITERS - 1}) w (writer), LATERAL (
    SELECT event_id, created_at FROM notification_events WHERE writer = w.writer ORDER BY event_id LIMIT 1) first`

/**
 * Wakes each writer that owes notifications, until the signal aborts. However many events there are, a writer gets one
 * signal a poll, and none while it has not taken the oldest event. Any number of processes may do it.
 */
export async function wakeWriters(deps: WakeWritersDeps, signal: AbortSignal): Promise<void> {
  const woken = new Map<number, { eventId: string; at: number }>()
  while (!signal.aborted) {
    try {
      await wakeOnce(deps, woken)
    } catch (error) {
      deps.logger.warn({ err: error }, 'writers of notifications are not woken')
    }
    await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}

/** @param woken by writer, the oldest event at the last wake */
async function wakeOnce(
  { db, temporal, starts }: WakeWritersDeps,
  woken: Map<number, { eventId: string; at: number }>,
): Promise<void> {
  const owed = await db.primary<{ writer: number; event_id: string; age_seconds: number }>({
    name: 'notifications-owed',
    text: OWED,
  })
  notificationsOwed(Math.max(0, ...owed.map((row) => row.age_seconds)))
  const now = performance.now()
  const due = owed.filter(({ writer, event_id: eventId }) => {
    const last = woken.get(writer)
    return last?.eventId !== eventId || now - last.at > AGAIN_AFTER_MS
  })
  await temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    Promise.all(
      due.map(async ({ writer, event_id: eventId }) => {
        await starts.wakeNotificationWriter(writer)
        woken.set(writer, { eventId, at: now })
      }),
    ),
  )
}
