import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  outboxBatchLeased,
  outboxDelayed,
  outboxDelivered,
  outboxParked,
} from '../../observability/delivery-events.ts'
import { grpcCode, shortError } from '../../observability/error-text.ts'
import { aboutRow, parseOutboxRow, UndeliverableMessageError, type OutboxRow } from './outbox-row.ts'
import type { WorkflowStarts } from './workflow-starts.ts'

export interface RelayDeps {
  db: Database
  temporal: Client
  starts: WorkflowStarts
  logger: Logger
}

const POLL_INTERVAL_MS = 1_000
const BATCH_ROWS = 50
/** Longer than a batch takes if all its parallel calls run into their deadlines. */
const LEASE_SECONDS = 30
const CALL_DEADLINE_MS = 5_000
/** After an outage all messages are tried within this time of the server's return. */
const MAX_BACKOFF_SECONDS = 15
/** gRPC INVALID_ARGUMENT: the server will always refuse the same request. */
const INVALID_ARGUMENT = 3

/**
 * Leases due messages and delivers them until the signal aborts. A row is leased by moving `locked_until` on, in a
 * statement of its own: no lock is held across a call, and a relay that dies leaves its rows to be leased again.
 */
export async function runRelay(deps: RelayDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const leased = await relayOnce(deps)
    if (leased === BATCH_ROWS) continue
    await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}

/** One batch. @returns how many rows were leased; 0 also when Postgres did not answer. */
async function relayOnce(deps: RelayDeps): Promise<number> {
  try {
    const rows = await lease(deps.db)
    outboxBatchLeased(Math.max(0, ...rows.map((row) => (Date.now() - row.created_at.getTime()) / 1000)))
    await Promise.all(rows.map((row) => relayRow(deps, row)))
    return rows.length
  } catch (error) {
    deps.logger.error({ err: error }, 'the outbox relay cannot reach its table')
    return 0
  }
}

// Plan: outbox_due_idx (locked_until) among rows that are not parked; SKIP LOCKED lets relays share the work.
async function lease(db: Database): Promise<OutboxRow[]> {
  return db.primary<OutboxRow>({
    name: 'outbox-lease',
    text: `
      UPDATE outbox SET locked_until = clock_timestamp() + $1 * interval '1 second', attempts = attempts + 1
      WHERE outbox_id IN (
        SELECT outbox_id FROM outbox WHERE parked_at IS NULL AND locked_until <= clock_timestamp()
        ORDER BY locked_until LIMIT $2 FOR UPDATE SKIP LOCKED)
      RETURNING outbox_id::text, kind, payload, attempts, created_at`,
    values: [LEASE_SECONDS, BATCH_ROWS],
  })
}

async function relayRow({ db, temporal, starts, logger }: RelayDeps, row: OutboxRow): Promise<void> {
  const about = aboutRow(row)
  try {
    const message = parseOutboxRow(row)
    await temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () => starts.deliver(message))
    await db.primary({ text: 'DELETE FROM outbox WHERE outbox_id = $1', values: [row.outbox_id] })
    outboxDelivered(logger, 'relay', about)
  } catch (error) {
    const reason = shortError(error)
    if (error instanceof UndeliverableMessageError || grpcCode(error) === INVALID_ARGUMENT) {
      await db.primary({
        text: 'UPDATE outbox SET parked_at = clock_timestamp(), last_error = $2 WHERE outbox_id = $1',
        values: [row.outbox_id, reason],
      })
      outboxParked(logger, about, error)
      return
    }
    await db.primary({
      text: `UPDATE outbox SET last_error = $2, locked_until = clock_timestamp() + $3 * interval '1 second'
        WHERE outbox_id = $1`,
      values: [row.outbox_id, reason, backoffSeconds(row.attempts)],
    })
    outboxDelayed(logger, 'relay', about, error)
  }
}

/** 1, 2, 4 … seconds, spread by a quarter so that the rows of an outage are not all retried at once. */
export function backoffSeconds(attempts: number): number {
  const seconds = Math.min(MAX_BACKOFF_SECONDS, 2 ** Math.max(0, Math.min(attempts, 10) - 1))
  return seconds * (0.75 + Math.random() / 4)
}
