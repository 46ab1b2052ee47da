import { randomUUID } from 'node:crypto'
import type { WorkflowHandleWithSignaledRunId } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import {
  DELIVERY_ADMITTED,
  WEBHOOK_DELIVERY,
  webhookDeliveryWorkflowId,
  type WebhookDeliveryInput,
  type WebhookDeliveryResult,
} from '../../contracts/webhook-delivery.ts'
import { retryAfterMs } from '../../domain/webhooks.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const HOUR_MS = 3_600_000

const time = timeSkippingOfFile()
let deliveryId: string
/** When each attempt was made, in milliseconds since the first. */
let attempts: number[]
let attempt: () => Promise<number | undefined>
let beganAt: number

beforeEach(() => {
  deliveryId = randomUUID()
  attempts = []
  attempt = async () => undefined
})

async function work() {
  await time.serve({
    async attemptWebhookDelivery(input: WebhookDeliveryInput) {
      expect(input).toEqual({ deliveryId })
      const now = await time.env.currentTimeMs()
      beganAt = attempts.length === 0 ? now : beganAt
      attempts.push(now - beganAt)
      return { retryMs: (await attempt()) ?? null }
    },
  })
}

const admit = (): Promise<
  WorkflowHandleWithSignaledRunId<(input: WebhookDeliveryInput) => Promise<WebhookDeliveryResult>>
> =>
  time.env.client.workflow.signalWithStart(WEBHOOK_DELIVERY, {
    workflowId: webhookDeliveryWorkflowId(deliveryId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ deliveryId }],
    signal: DELIVERY_ADMITTED,
    signalArgs: [],
  })

/** As the service answers of a receiver that is down since the beginning. */
const whileDown = async () => retryAfterMs(attempts.length, attempts.at(-1)!, 0.5)

describe('webhookDelivery', () => {
  it('ends with the first attempt that settles it', async () => {
    await work()
    expect(await (await admit()).result()).toEqual({ attempts: 1 })
    expect(attempts).toHaveLength(1)
  })

  it('tries again and again for a day, ever further apart', async () => {
    attempt = whileDown
    await work()
    const { attempts: made } = await (await admit()).result()
    expect(made).toBe(attempts.length)
    expect(made).toBeGreaterThanOrEqual(10)
    expect(attempts[1]).toBeLessThan(60_000)
    expect(attempts.at(-1)).toBeGreaterThan(18 * HOUR_MS)
    expect(attempts.at(-1)).toBeLessThanOrEqual(24 * HOUR_MS)
  })

  it('ends as soon as the receiver is back', async () => {
    attempt = async () => (attempts.length < 6 ? whileDown() : undefined)
    await work()
    expect(await (await admit()).result()).toEqual({ attempts: 6 })
  })

  it('tries at once when it is replayed while it waits', async () => {
    const waiting = gate()
    attempt = async () => {
      if (attempts.length > 1) return undefined
      waiting.open()
      return 23 * HOUR_MS
    }
    await work()
    const delivery = await admit()
    await waiting.opened
    await until(async () => (await delivery.describe()).raw.pendingActivities?.length === 0)
    await admit()
    expect(await delivery.result()).toEqual({ attempts: 2 })
    expect(attempts[1]).toBeLessThan(HOUR_MS)
  })

  it('looks again if it is replayed while an attempt is under way', async () => {
    const [trying, replayed] = [gate(), gate()]
    attempt = async () => {
      trying.open()
      await replayed.opened
      return undefined
    }
    await work()
    const delivery = await admit()
    await trying.opened
    await admit()
    replayed.open()
    expect(await delivery.result()).toEqual({ attempts: 2 })
  })

  it('begins another run when it is replayed after its end', async () => {
    await work()
    await (await admit()).result()
    expect(await (await admit()).result()).toEqual({ attempts: 1 })
    expect(attempts).toHaveLength(2)
  })

  it('counts on nothing while Postgres is away', async () => {
    let failures = 5
    attempt = async () => {
      if (failures-- > 0) throw new Error('Postgres is away')
      return undefined
    }
    await work()
    expect(await (await admit()).result()).toEqual({ attempts: 1 })
    expect(attempts).toHaveLength(6)
  })
})
