import { proxyActivities } from '@temporalio/workflow'
import type { NotificationActivities } from '../../contracts/activities/notifications.ts'
import { writeNotifications } from '../../contracts/activity-options.ts'

/** The step of notificationWriter, with the policy that protects it and the line that an operator reads. */
export const steps = {
  write: proxyActivities<NotificationActivities>({
    ...writeNotifications,
    summary: 'Make notifications of the events that are owed',
  }).writeNotifications,
}
