import {
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  WEB_PUSHES_DUE,
  type WebPushSenderInput,
  type WebPushSenderResult,
} from '../../contracts/web-push-sender.ts'
import { steps } from './steps.ts'

const webPushesDue = defineSignal(WEB_PUSHES_DUE)

/** Sends what is due, and ends once it has found nothing more since it was last woken. */
export async function webPushSender(input: WebPushSenderInput, before = 0): Promise<WebPushSenderResult> {
  let pushes = before
  let isDue = true
  setHandler(webPushesDue, () => void (isDue = true), { description: 'Pushes are due' })
  while (isDue) {
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof webPushSender>(input, pushes)
    isDue = false
    const { taken, more } = await steps.send(input)
    pushes += taken
    if (more) isDue = true
    setCurrentDetails(`Took ${pushes} pushes`)
  }
  return { pushes }
}
