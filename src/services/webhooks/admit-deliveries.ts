import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { deliveriesDropped } from '../../observability/webhook-events.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { poll } from '../delivery/poll.ts'

export interface AdmitDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  logger: Logger
}

/** How long an event waits at most for its turn. */
const POLL_INTERVAL_MS = 500
/** Webhooks of one pass; the next one goes on with those behind them. */
const WEBHOOKS_AT_ONCE = 100
/** Of one webhook, deliveries that were not tried yet: what a receiver gets at once. */
const FRESH_AT_ONCE = 5
/** Of one webhook, all that are under way: a receiver that is down, or refuses some, costs so many workflows. */
const OPEN_AT_ONCE = 50
/** Deleted by one statement. */
const BATCH_ROWS = 500

/**
 * Admits deliveries that are queued, as many of each webhook as may be under way at once, until the signal aborts. Any number of
 * processes may do it.
 */
export async function admitDeliveries(deps: AdmitDeps, signal: AbortSignal): Promise<void> {
  let after: string | undefined
  const look = async () => {
    after = await admitOnce(deps, after)
  }
  const options = {
    everyMs: POLL_INTERVAL_MS,
    logger: deps.logger,
    failing: 'deliveries to webhooks are not admitted',
  }
  await poll(options, look, signal)
}

// Plan: a probe of webhook_deliveries_open_idx for each webhook that has something queued, however much it is.
const OWING = `
  WITH RECURSIVE owing (webhook_id, number) AS (
    (SELECT webhook_id, 1 FROM webhook_deliveries WHERE state = 'queued' AND webhook_id > $1
     ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT next.webhook_id, o.number + 1 FROM owing o, LATERAL (
      SELECT webhook_id FROM webhook_deliveries WHERE state = 'queued' AND webhook_id > o.webhook_id
      ORDER BY webhook_id LIMIT 1) next
    WHERE o.number < ${WEBHOOKS_AT_ONCE})
  SELECT webhook_id FROM owing`

const NIL = '00000000-0000-0000-0000-000000000000'

/**
 * One pass over the webhooks that have something queued.
 * @param after the webhook that the last pass ended with
 * @returns the one that this pass ended with; undefined at the end
 */
export async function admitOnce({ db, outbox }: AdmitDeps, after?: string): Promise<string | undefined> {
  const owing = await webhooksOwing(db.primary, after ?? NIL)
  if (owing.length === 0) return undefined
  const outboxIds = await db.transaction((tx) => admit(tx, owing))
  await outbox.dispatch(outboxIds)
  return owing.length < WEBHOOKS_AT_ONCE ? undefined : owing.at(-1)
}

async function webhooksOwing(query: Query, after: string): Promise<string[]> {
  const rows = await query<{ webhook_id: string }>({ name: 'webhooks-owing', text: OWING, values: [after] })
  return rows.map((row) => row.webhook_id)
}

// Those that another process is about are left to it. What is counted below then stands still.
const HOLD = `
  SELECT webhook_id, disabled_at IS NOT NULL AS is_disabled FROM webhooks WHERE webhook_id = ANY ($1::uuid[])
  ORDER BY webhook_id FOR NO KEY UPDATE SKIP LOCKED`

// Plan: two ranges of webhook_deliveries_open_idx for each webhook. One whose workflow was lost counts for little more than a day.
const ADMIT = `
  WITH admitted AS (
    UPDATE webhook_deliveries d SET state = 'under_way'
    FROM unnest($1::uuid[]) h (webhook_id),
      LATERAL (
        SELECT count(*)::integer AS open, (count(*) FILTER (WHERE u.attempts = 0))::integer AS fresh FROM webhook_deliveries u
        WHERE u.webhook_id = h.webhook_id AND u.state = 'under_way' AND u.queued_at > now() - interval '25 hours') busy,
      LATERAL (
        SELECT q.delivery_id FROM webhook_deliveries q WHERE q.webhook_id = h.webhook_id AND q.state = 'queued'
        ORDER BY q.delivery_id LIMIT greatest(0, least(${FRESH_AT_ONCE} - busy.fresh, ${OPEN_AT_ONCE} - busy.open))) next
    WHERE d.delivery_id = next.delivery_id AND d.state = 'queued'
    RETURNING d.delivery_id)
  INSERT INTO outbox (kind, payload)
  SELECT 'deliveryAdmitted', jsonb_build_object('deliveryId', delivery_id) FROM admitted RETURNING outbox_id::text`

// Of a storm, the latest are kept in the queue, and in what is shown.
const tooMany = (states: string, most: number) => `
  DELETE FROM webhook_deliveries WHERE delivery_id IN (
    SELECT old.delivery_id FROM unnest($1::uuid[]) h (webhook_id), LATERAL (
      SELECT d.delivery_id FROM webhook_deliveries d WHERE d.webhook_id = h.webhook_id AND d.state IN (${states})
      ORDER BY d.delivery_id DESC OFFSET ${most} LIMIT ${BATCH_ROWS}) old)
  RETURNING 1`
const DROP_QUEUED = tooMany(`'queued'`, MAX_ITEMS.queuedPerWebhook)
const FORGET_SETTLED = tooMany(`'delivered', 'failed'`, MAX_ITEMS.keptPerWebhook)

// What came while a webhook was being disabled or deleted.
const GIVE_UP = `
  UPDATE webhook_deliveries SET state = 'failed', failure_code = 'disabled' WHERE delivery_id IN (
    SELECT d.delivery_id FROM webhook_deliveries d
    WHERE d.state = 'queued' AND d.webhook_id = ANY ($1::uuid[])
      AND NOT EXISTS (SELECT FROM webhooks w WHERE w.webhook_id = d.webhook_id AND w.disabled_at IS NULL)
    LIMIT ${BATCH_ROWS})`

/** @returns the outbox messages to dispatch after the commit */
async function admit(tx: Transaction, owing: readonly string[]): Promise<string[]> {
  const held = await tx.query<{ webhook_id: string; is_disabled: boolean }>({ text: HOLD, values: [owing] })
  const enabled = held.filter((row) => !row.is_disabled).map((row) => row.webhook_id)
  if (enabled.length < owing.length) await tx.query({ text: GIVE_UP, values: [owing] })
  if (enabled.length === 0) return []
  const dropped = await tx.query({ text: DROP_QUEUED, values: [enabled] })
  deliveriesDropped(dropped.length)
  const admitted = await tx.query<{ outbox_id: string }>({ text: ADMIT, values: [enabled] })
  if (admitted.length > 0) await tx.query({ text: FORGET_SETTLED, values: [enabled] })
  return admitted.map((row) => row.outbox_id)
}
