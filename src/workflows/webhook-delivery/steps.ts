import { proxyActivities } from '@temporalio/workflow'
import { postToUsers } from '../../contracts/activity-options.ts'
import type { WebhookActivities } from '../../contracts/activities/webhooks.ts'

/** The step of webhookDelivery, with the policy that protects it and the line that an operator reads. */
export const steps = {
  attempt: proxyActivities<WebhookActivities>({
    ...postToUsers,
    summary: 'Send the message to the webhook',
  }).attemptWebhookDelivery,
}
