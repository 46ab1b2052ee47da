import type { Client } from '@temporalio/client'
import { sql } from 'kysely'
import type { OutboxMessage } from '../../contracts/outbox.ts'
import { OutboxEntry } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { outboxDelayed, outboxDelivered } from '../../observability/delivery-events.ts'
import { aboutRow, parseOutboxRow, type OutboxRow } from './outbox-row.ts'
import { runRelay } from './outbox-relay.ts'
import { createWorkflowStarts } from './workflow-starts.ts'

/** How long a request waits for Temporal before it leaves the message to the relay. */
const DIRECT_DEADLINE_MS = 500
/** The relay leaves younger messages to the request that wrote them, which takes less time than this. */
const DIRECT_GRACE_SECONDS = 3

export interface OutboxDeps {
  db: Database
  temporal: Client
  logger: Logger
}

export interface Outbox {
  /**
   * Delivers newly committed messages within half a second each; the relay takes the rest. Never throws.
   * Await it before answering only if the answer benefits from a started workflow.
   */
  dispatch(outboxIds: readonly string[]): Promise<void>
  /**
   * Delivers a message that belongs to no change. Writes it down only if Temporal does not take it within half a second, which saves
   * what waits for it two commits.
   * @throws if neither takes it, so that its sender has to send it again
   */
  hint(message: OutboxMessage): Promise<void>
  /** Delivers older messages until the signal aborts. Any number of relays may run. */
  runRelay(signal: AbortSignal): Promise<void>
}

/**
 * Writes what a change owes to Temporal, in the change's own transaction.
 * @returns the id to hand to `dispatch` once the transaction has committed
 */
export async function addToOutbox(tx: Transaction, message: OutboxMessage): Promise<string> {
  const lockedUntil = sql<Date>`clock_timestamp() + ${DIRECT_GRACE_SECONDS} * interval '1 second'`
  const [row] = await run(
    tx.query,
    insertRow(OutboxEntry, { kind: message.kind, payload: message.payload, lockedUntil }, [
      'lastError',
      'parkedAt',
    ]).returning('outbox_id'),
  )
  return row!.outbox_id
}

export function createOutbox({ db, temporal, logger }: OutboxDeps): Outbox {
  const starts = createWorkflowStarts(temporal)
  const deliverWithinDeadline = (message: OutboxMessage) =>
    temporal.withDeadline(Date.now() + DIRECT_DEADLINE_MS, () => starts.deliver(message))

  async function dispatch(outboxIds: readonly string[]): Promise<void> {
    if (outboxIds.length === 0) return
    const rows = await db.primary<OutboxRow>({
      text: `SELECT outbox_id::text, kind, payload, attempts, created_at FROM outbox
        WHERE outbox_id = ANY ($1::bigint[]) AND parked_at IS NULL`,
      values: [outboxIds],
    })
    const delivered = await Promise.all(rows.map(deliverNow))
    const done = delivered.filter((id) => id !== undefined)
    if (done.length === 0) return
    await db.primary({
      text: 'DELETE FROM outbox WHERE outbox_id = ANY ($1::bigint[])',
      values: [done],
    })
  }

  async function deliverNow(row: OutboxRow): Promise<string | undefined> {
    try {
      const message = parseOutboxRow(row)
      await deliverWithinDeadline(message)
      outboxDelivered(logger, 'request', aboutRow(row))
      return row.outbox_id
    } catch (error) {
      outboxDelayed(logger, 'request', aboutRow(row), error)
      return undefined
    }
  }

  return {
    async hint(message) {
      const { kind } = message
      try {
        await deliverWithinDeadline(message)
        outboxDelivered(logger, 'request', { kind })
      } catch (error) {
        const outboxId = await db.transaction((tx) => addToOutbox(tx, message))
        outboxDelayed(logger, 'request', { outboxId, kind, attempts: 0 }, error)
      }
    },
    async dispatch(outboxIds) {
      try {
        await dispatch(outboxIds)
      } catch (error) {
        logger.warn({ outboxIds, err: error }, 'delivery left to the outbox relay')
      }
    },
    runRelay: (signal) => runRelay({ db, temporal, starts, logger }, signal),
  }
}
