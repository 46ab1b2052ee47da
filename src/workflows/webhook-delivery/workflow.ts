import { condition, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow'
import {
  DELIVERY_ADMITTED,
  type WebhookDeliveryInput,
  type WebhookDeliveryResult,
} from '../../contracts/webhook-delivery.ts'
import { steps } from './steps.ts'

const deliveryAdmitted = defineSignal(DELIVERY_ADMITTED)

/**
 * Sees one delivery through (contracts/webhook-delivery.ts). The row says what is to be done: each attempt reads it, records what
 * came of it, and says when the next one is due.
 */
export async function webhookDelivery(input: WebhookDeliveryInput): Promise<WebhookDeliveryResult> {
  let attempts = 0
  let isDue = true
  setHandler(deliveryAdmitted, () => void (isDue = true), {
    description: 'The delivery was admitted, or is replayed',
  })

  while (isDue) {
    isDue = false
    const { retryMs } = await steps.attempt(input)
    attempts++
    if (retryMs === null) continue
    setCurrentDetails(
      `Attempt ${attempts} failed; the next one is due ${Math.round(retryMs / 1_000)} s later`,
    )
    await condition(() => isDue, retryMs)
    isDue = true
  }
  return { attempts }
}
