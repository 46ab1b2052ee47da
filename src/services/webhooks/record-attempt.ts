import type { UserId } from '../../domain/ids.ts'
import { retryAfterMs, type DisabledReason } from '../../domain/webhooks.ts'
import type { WebhookDeliveryRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import type { PostOutcome } from '../../infra/https/user-urls.ts'
import { oweNotification } from '../delivery/notification-events.ts'

/** A delivery as it was when it was tried. */
export interface AttemptedDelivery extends Pick<
  WebhookDeliveryRow,
  'delivery_id' | 'webhook_id' | 'attempts'
> {
  url: string
  user_id: UserId
}

interface RecordedAttempt {
  /** How long to wait before the next attempt; undefined once the delivery is over. */
  retryMs: number | undefined
  /** The webhook ended with it. */
  disabled: DisabledReason | undefined
}

const GONE = 410
/** A delivery that another attempt has recorded meanwhile is looked at again. */
const LOOK_AGAIN_MS = 1_000

// Before the delivery, in the order of whoever admits; the outcomes of one webhook come one after the other.
const HOLD = `
  SELECT extract(epoch FROM clock_timestamp() - d.queued_at)::float8 * 1000 AS age_ms
  FROM webhooks w JOIN webhook_deliveries d USING (webhook_id) WHERE d.delivery_id = $1 FOR NO KEY UPDATE OF w`

// An attempt that was repeated after its effect counts once; what has arrived has arrived.
const RECORD = `
  UPDATE webhook_deliveries SET attempts = attempts + 1, attempted_at = now(), state = $3, status_code = $4, failure_code = $5,
    excerpt = $6
  WHERE delivery_id = $1 AND state = 'under_way' AND (attempts = $2 OR $3 = 'delivered')`

/** Writes down what came of an attempt, of the delivery and of its webhook; may be called twice. */
export async function recordAttempt(
  tx: Transaction,
  attempted: AttemptedDelivery,
  outcome: PostOutcome,
  failingDays: number,
): Promise<RecordedAttempt> {
  const { delivery_id: deliveryId, attempts } = attempted
  const [held] = await tx.query<{ age_ms: number }>({ text: HOLD, values: [deliveryId] })
  if (!held) return { retryMs: undefined, disabled: undefined }
  const isDelivered = 'status' in outcome && outcome.status >= 200 && outcome.status < 300
  const disabled = isDelivered
    ? await succeed(tx, attempted)
    : await fail(
        tx,
        attempted,
        isGone(outcome) ? { reason: 'gone', days: 0 } : { reason: 'failing', days: failingDays },
      )
  const isOver = isDelivered || isGone(outcome) || disabled !== undefined
  const retryMs = isOver ? undefined : retryAfterMs(attempts + 1, held.age_ms, Math.random())
  const state = isDelivered ? 'delivered' : retryMs === undefined ? 'failed' : 'under_way'
  const answer =
    'failure' in outcome ? [null, outcome.failure, null] : [outcome.status, null, outcome.excerpt || null]
  await tx.query({ text: RECORD, values: [deliveryId, attempts, state, ...answer] })
  return { retryMs: (await isUnderWay(tx, deliveryId)) ? (retryMs ?? LOOK_AGAIN_MS) : undefined, disabled }
}

const isGone = (outcome: PostOutcome) => 'status' in outcome && outcome.status === GONE

/** It is not once another attempt has ended it, or somebody has queued it again: whoever admits it then wakes its workflow. */
async function isUnderWay(tx: Transaction, deliveryId: string): Promise<boolean> {
  const rows = await tx.query({
    text: `SELECT FROM webhook_deliveries WHERE delivery_id = $1 AND state = 'under_way'`,
    values: [deliveryId],
  })
  return rows.length > 0
}

async function succeed(tx: Transaction, { webhook_id: webhookId }: AttemptedDelivery): Promise<undefined> {
  await tx.query({
    text: 'UPDATE webhooks SET failing_since = NULL WHERE webhook_id = $1 AND failing_since IS NOT NULL',
    values: [webhookId],
  })
}

// Not if it leads elsewhere by now.
const FAIL = `
  UPDATE webhooks SET failing_since = coalesce(failing_since, now()) WHERE webhook_id = $1 AND url = $2 AND disabled_at IS NULL`
const DISABLE = `
  UPDATE webhooks SET disabled_at = now(), disabled_reason = $3, disabled_by = $4
  WHERE webhook_id = $1 AND url = $2 AND disabled_at IS NULL
    AND ($5::float8 = 0 OR failing_since <= now() - $5::float8 * interval '1 day')
  RETURNING 1`

/** @returns the reason, if this was one failure too many */
async function fail(
  tx: Transaction,
  { webhook_id: webhookId, url, delivery_id: deliveryId, user_id: recipientId }: AttemptedDelivery,
  { reason, days }: { reason: DisabledReason; days: number },
): Promise<DisabledReason | undefined> {
  await tx.query({ text: FAIL, values: [webhookId, url] })
  const disabled = await tx.query({ text: DISABLE, values: [webhookId, url, reason, deliveryId, days] })
  if (disabled.length === 0) return undefined
  await oweNotification(tx, { recipientId, kind: 'webhook_disabled', actorId: null, itemId: deliveryId })
  return reason
}
