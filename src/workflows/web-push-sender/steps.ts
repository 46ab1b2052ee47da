import { proxyActivities } from '@temporalio/workflow'
import { postToUsers } from '../../contracts/activity-options.ts'
import type { WebPushActivities } from '../../contracts/activities/web-push.ts'

/** The step of webPushSender, with the policy that protects it and the line that an operator reads. */
export const steps = {
  send: proxyActivities<WebPushActivities>({
    ...postToUsers,
    summary: 'Tell devices of the notifications that are due',
  }).sendWebPushes,
}
