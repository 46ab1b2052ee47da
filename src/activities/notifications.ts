import type { NotificationActivities } from '../contracts/activities/notifications.ts'
import type { WriteNotifications } from '../services/notifications/write-notifications.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** How long a slice takes further batches; its retry would begin with the next one anyway. */
const SLICE_MS = 10_000

/** The step of notificationWriter. */
export function createNotificationActivities({
  writeNotifications,
}: {
  writeNotifications: WriteNotifications
}): NotificationActivities {
  return asActivities<NotificationActivities>({
    writeNotifications: ({ writer }) =>
      whileHeartbeating((signal) =>
        writeNotifications(writer, AbortSignal.any([signal, AbortSignal.timeout(SLICE_MS)])),
      ),
  })
}
