/** The step of notificationWriter. */
export interface NotificationActivities {
  /** Takes the events that the writer owes, for some seconds. Resolves with how many, and whether more may be left. */
  writeNotifications: (input: { writer: number }) => Promise<{ taken: number; more: boolean }>
}
