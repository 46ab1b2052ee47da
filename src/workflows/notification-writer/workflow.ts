import {
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  NOTIFICATIONS_OWED,
  type NotificationWriterInput,
  type NotificationWriterResult,
} from '../../contracts/notification-writer.ts'
import { steps } from './steps.ts'

const notificationsOwed = defineSignal(NOTIFICATIONS_OWED)

/** Writes what is owed, and ends once it has found nothing more since it was last woken. */
export async function notificationWriter(
  input: NotificationWriterInput,
  before = 0,
): Promise<NotificationWriterResult> {
  let events = before
  let wakes = 1
  let answered = 0
  setHandler(notificationsOwed, () => void wakes++, { description: 'Events are owed' })
  while (answered < wakes) {
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof notificationWriter>(input, events)
    const heard = wakes
    const { taken, more } = await steps.write(input)
    events += taken
    if (!more) answered = heard
    setCurrentDetails(`Took ${events} events`)
  }
  return { events }
}
