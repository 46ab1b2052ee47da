import type { ShownDelivery } from '../../../services/webhooks/deliveries.ts'
import { messageIdOf } from '../../../services/webhooks/message.ts'
import type { ShownWebhook } from '../../../services/webhooks/webhooks.ts'

export function presentWebhook(webhook: ShownWebhook) {
  return {
    id: webhook.webhook_id,
    url: webhook.url,
    events: webhook.events,
    enabled: webhook.disabled_at === null,
    disabledReason: webhook.disabled_reason,
    failingSince: webhook.failing_since?.toISOString() ?? null,
    previousSecretsUntil: webhook.previous_secrets_until?.toISOString() ?? null,
    createdAt: webhook.created_at.toISOString(),
  }
}

export function presentDelivery(delivery: ShownDelivery) {
  return {
    id: delivery.delivery_id,
    messageId: messageIdOf(delivery.delivery_id),
    event: delivery.event,
    state: delivery.state,
    attempts: delivery.attempts,
    statusCode: delivery.status_code,
    failure: delivery.failure_code,
    excerpt: delivery.excerpt,
    createdAt: delivery.created_at.toISOString(),
    attemptedAt: delivery.attempted_at?.toISOString() ?? null,
  }
}
