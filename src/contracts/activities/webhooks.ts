/** The step of webhookDelivery. */
export interface WebhookActivities {
  /** Sends the message once. Resolves with how long to wait before the next attempt; null once the delivery is over. */
  attemptWebhookDelivery: (input: { deliveryId: string }) => Promise<{ retryMs: number | null }>
}
