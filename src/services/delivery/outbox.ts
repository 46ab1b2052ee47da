import { setTimeout as sleep } from 'node:timers/promises'
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

/** How long a request waits for Temporal, which takes some 10 ms unless it is busy. What takes longer is delivered behind the answer. */
const PATIENCE_MS = 50
/** How long a delivery may take before its message is left to the relay. */
const DIRECT_DEADLINE_MS = 500
/** The relay leaves younger messages to the request that wrote them, which takes less time than this. */
const DIRECT_GRACE_SECONDS = 3

export interface OutboxDeps {
  db: Database
  temporal: Client
  logger: Logger
  /** Default: PATIENCE_MS. */
  patienceMs?: number
  /** Default: DIRECT_DEADLINE_MS. */
  deadlineMs?: number
}

export interface Outbox {
  /**
   * Delivers newly committed messages, and waits 50 ms at most for Temporal to have them; the relay takes what is not
   * delivered within half a second. Never throws.
   */
  dispatch(outboxIds: readonly string[]): Promise<void>
  /**
   * Delivers a message that belongs to no change. Writes it down only if Temporal has not taken it within 50 ms, which saves
   * what waits for it two commits.
   * @throws if neither takes it, so that its sender has to send it again
   */
  hint(message: OutboxMessage): Promise<void>
  /** Until nothing is delivered behind an answer any more; to be awaited before the clients are closed. */
  settled(): Promise<void>
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

export function createOutbox({
  db,
  temporal,
  logger,
  patienceMs = PATIENCE_MS,
  deadlineMs = DIRECT_DEADLINE_MS,
}: OutboxDeps): Outbox {
  const starts = createWorkflowStarts(temporal)
  const deliverWithinDeadline = (message: OutboxMessage) =>
    temporal.withDeadline(Date.now() + deadlineMs, () => starts.deliver(message))
  const underWay = new Set<Promise<unknown>>()

  /** Keeps an eye on work that never fails. */
  function watched<T>(work: Promise<T>): Promise<T> {
    underWay.add(work)
    void work.then(() => underWay.delete(work))
    return work
  }

  /** What `work` returns, or undefined where the answer does not wait for it any longer. */
  const patiently = <T>(work: Promise<T>) => Promise.race([watched(work), sleep(patienceMs)])
  const leftToRelay = (outboxIds: readonly string[]) => (error: unknown) =>
    logger.warn({ outboxIds, err: error }, 'delivery left to the outbox relay')

  async function dispatch(outboxIds: readonly string[]): Promise<void> {
    if (outboxIds.length === 0) return
    const rows = await db.primary<OutboxRow>({
      text: `SELECT outbox_id::text, kind, payload, attempts, created_at FROM outbox
        WHERE outbox_id = ANY ($1::bigint[]) AND parked_at IS NULL`,
      values: [outboxIds],
    })
    const delivered = await Promise.all(rows.map(deliverNow))
    const done = delivered.filter((id) => id !== undefined)
    if (done.length > 0) await forget(done)
  }

  async function forget(outboxIds: readonly string[]): Promise<void> {
    await db.primary({
      text: 'DELETE FROM outbox WHERE outbox_id = ANY ($1::bigint[])',
      values: [outboxIds],
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
      const delivery = deliverWithinDeadline(message).then(
        () => ({ error: undefined }),
        (error: unknown) => ({ error }),
      )
      const early = await patiently(delivery)
      if (early && early.error === undefined) return outboxDelivered(logger, 'request', { kind })
      const outboxId = await db.transaction((tx) => addToOutbox(tx, message))
      const afterwards = async () => {
        const { error } = await delivery
        if (error !== undefined)
          return outboxDelayed(logger, 'request', { outboxId, kind, attempts: 0 }, error)
        outboxDelivered(logger, 'request', { kind })
        await forget([outboxId])
      }
      void watched(afterwards().catch(leftToRelay([outboxId])))
    },
    async dispatch(outboxIds) {
      await patiently(dispatch(outboxIds).catch(leftToRelay(outboxIds)))
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    runRelay: (signal) => runRelay({ db, temporal, starts, logger }, signal),
  }
}
