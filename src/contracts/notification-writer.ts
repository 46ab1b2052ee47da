/**
 * Writes the notifications of every sixteenth account, batch by batch, until no event is owed to them. A poll wakes it when
 * there are events (services/notifications/wake-writers.ts).
 */
export const NOTIFICATION_WRITER = 'notificationWriter'
export const notificationWriterWorkflowId = (writer: number): string => `notifications/${writer}`

export interface NotificationWriterInput {
  /** 0 to NOTIFICATION_WRITERS - 1 */
  writer: number
}

/** Signal: events are owed. */
export const NOTIFICATIONS_OWED = 'notificationsOwed'

export interface NotificationWriterResult {
  /** Events that the run has taken, those that there was nothing to tell of too. */
  events: number
}
