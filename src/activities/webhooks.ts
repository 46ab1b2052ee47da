import type { WebhookActivities } from '../contracts/activities/webhooks.ts'
import type { AttemptDelivery } from '../services/webhooks/attempt-delivery.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The step of webhookDelivery. */
export function createWebhookActivities({ attempt }: { attempt: AttemptDelivery }): WebhookActivities {
  return asActivities<WebhookActivities>({
    attemptWebhookDelivery: async ({ deliveryId }) => ({
      retryMs: (await whileHeartbeating((signal) => attempt(deliveryId, signal))) ?? null,
    }),
  })
}
