/** Sends one message to one webhook until it arrives, its time is up, or the webhook ends. Deliveries are admitted a few at a time. */
export const WEBHOOK_DELIVERY = 'webhookDelivery'
export const webhookDeliveryWorkflowId = (deliveryId: string): string => `webhook/${deliveryId}`

export interface WebhookDeliveryInput {
  deliveryId: string
}

/** Signal: it was admitted, perhaps once more after a replay. */
export const DELIVERY_ADMITTED = 'deliveryAdmitted'

export interface WebhookDeliveryResult {
  /** Of this run. The last one found nothing to do if the delivery had ended by itself. */
  attempts: number
}
