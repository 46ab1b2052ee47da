/** The step of webPushSender. */
export interface WebPushActivities {
  /** Sends what is due of the writer's accounts, for some seconds. Resolves with how many pushes, and whether more may be due. */
  sendWebPushes: (input: { writer: number }) => Promise<{ taken: number; more: boolean }>
}
