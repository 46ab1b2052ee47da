/**
 * Sends what the devices of every sixteenth account are owed, batch by batch, until nothing is due. A poll wakes it
 * (services/web-push/wake-senders.ts).
 */
export const WEB_PUSH_SENDER = 'webPushSender'
export const webPushSenderWorkflowId = (writer: number): string => `web-pushes/${writer}`

export interface WebPushSenderInput {
  /** Of the notifications: 0 to NOTIFICATION_WRITERS - 1 */
  writer: number
}

/** Signal: pushes are due. */
export const WEB_PUSHES_DUE = 'webPushesDue'

export interface WebPushSenderResult {
  /** Pushes that the run has taken, those that had nothing to tell too. */
  pushes: number
}
