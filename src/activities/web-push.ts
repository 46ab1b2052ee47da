import type { WebPushActivities } from '../contracts/activities/web-push.ts'
import type { SendPushes } from '../services/web-push/send-pushes.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** How long a slice takes further batches; its retry would begin with the next one anyway. */
const SLICE_MS = 10_000

/** The step of webPushSender. */
export function createWebPushActivities({ sendPushes }: { sendPushes: SendPushes }): WebPushActivities {
  return asActivities<WebPushActivities>({
    sendWebPushes: ({ writer }) =>
      whileHeartbeating((signal) => sendPushes(writer, signal, AbortSignal.timeout(SLICE_MS))),
  })
}
