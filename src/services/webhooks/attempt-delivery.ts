import { DELIVERY_HOURS } from '../../domain/webhooks.ts'
import type { UserRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { PostOutcome, UserUrls } from '../../infra/https/user-urls.ts'
import type { Logger } from '../../observability/logger.ts'
import { webhookAttempted, webhookDisabled, type AttemptOutcome } from '../../observability/webhook-events.ts'
import { messageOf, type MessageRow } from './message.ts'
import { recordAttempt, type AttemptedDelivery } from './record-attempt.ts'

/**
 * Tries a delivery that is under way, and records what came of it. May run twice: then the receiver gets the same message again.
 * @returns how long to wait before the next attempt, in milliseconds; undefined once the delivery is over
 */
export type AttemptDelivery = (deliveryId: string, signal?: AbortSignal) => Promise<number | undefined>

export interface AttemptDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  userUrls: Pick<UserUrls, 'post'>
  /** Undefined where the settings name none: then nothing is sent, and attempts are repeated until there is one. */
  key: string | undefined
  /** A webhook that has failed for so long is disabled. */
  failingDays: number
  logger: Logger
}

type OwedDelivery = MessageRow &
  AttemptedDelivery &
  Pick<UserRow, 'status'> & { is_disabled: boolean; is_over: boolean }

// Plan: webhook_deliveries_pkey, webhooks_pkey and users_pkey.
const OWED = `
  SELECT d.delivery_id, d.webhook_id, d.event, d.actor_id, d.photo_id, d.album_id, d.item_id, d.created_at, d.attempts,
    w.secret_generation, w.oldest_generation, w.previous_secrets_until, w.url, w.disabled_at IS NOT NULL AS is_disabled, u.user_id, u.status,
    d.queued_at <= now() - interval '${DELIVERY_HOURS} hours' AS is_over
  FROM webhook_deliveries d JOIN webhooks w USING (webhook_id) JOIN users u USING (user_id)
  WHERE d.delivery_id = $1 AND d.state = 'under_way'`

const GIVE_UP = `
  UPDATE webhook_deliveries SET state = 'failed', failure_code = $2 WHERE delivery_id = $1 AND state = 'under_way'`

export function createAttemptDelivery(deps: AttemptDeps): AttemptDelivery {
  const { db, userUrls, key, failingDays, logger } = deps
  return async (deliveryId, signal) => {
    const [owed] = await db.primary<OwedDelivery>({
      name: 'delivery-owed',
      text: OWED,
      values: [deliveryId],
    })
    if (!owed) return undefined
    const reason = whyHopeless(owed)
    if (reason) {
      await db.primary({ text: GIVE_UP, values: [deliveryId, reason] })
      return undefined
    }
    if (key === undefined) throw new Error('WEBHOOK_KEY is not set: deliveries cannot be signed')
    const message = messageOf(key, owed, new Date())
    const outcome = await userUrls.post({ url: new URL(owed.url), ...message, signal })
    const { retryMs, disabled } = await db.transaction((tx) => recordAttempt(tx, owed, outcome, failingDays))
    webhookAttempted(labelOf(outcome))
    if (disabled) webhookDisabled(logger, owed.webhook_id, disabled)
    return retryMs
  }
}

/** Why it is not even tried. */
function whyHopeless({ is_disabled: isDisabled, status, is_over: isOver }: OwedDelivery) {
  if (isDisabled || status !== 'active') return 'disabled'
  // It has waited behind others for a day.
  return isOver ? 'expired' : undefined
}

function labelOf(outcome: PostOutcome): AttemptOutcome {
  if ('failure' in outcome) return outcome.failure === 'blocked_address' ? 'blocked' : 'unanswered'
  return outcome.status >= 200 && outcome.status < 300 ? 'delivered' : 'refused'
}
