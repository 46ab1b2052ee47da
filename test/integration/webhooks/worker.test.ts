import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WEBHOOK_DELIVERY, webhookDeliveryWorkflowId } from '../../../src/contracts/webhook-delivery.ts'
import type { UserId } from '../../../src/domain/ids.ts'
import { createUserUrls } from '../../../src/infra/https/user-urls.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { createDeliveries } from '../../../src/services/webhooks/deliveries.ts'
import { createWebhooks } from '../../../src/services/webhooks/webhooks.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import type { RunningWorker, WorkerDefinition } from '../../../src/workers/run-worker.ts'
import { securityEvents, testDevice } from '../../support/factories/accounts.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { startHttpsServer, type HttpsServer } from '../../support/servers/https-server.ts'
import { eventually, openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'
import { Webhook } from 'standardwebhooks'

/** Deliveries as workers make them, on a real Temporal. */
let receiver: HttpsServer
let world: UploadWorld
const workers: RunningWorker[] = []

beforeAll(async () => {
  receiver = await startHttpsServer()
  world = await openUploadWorld({
    WEBHOOK_KEY: 'k'.repeat(40),
    OUTGOING_NETWORKS: '127.0.0.0/8',
    OUTGOING_PORTS: new URL(receiver.url).port,
  })
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.answer = (response) => void response.writeHead(204).end()
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
})
afterAll(async () => {
  await world?.close()
  await receiver?.close()
})

async function start(definition: WorkerDefinition = orchestrationWorker): Promise<void> {
  workers.push(await world.start(definition))
}

type Attempt = (input: { deliveryId: string }) => Promise<{ retryMs: number | null }>

/** An orchestration worker whose attempts are wrapped. */
const attempting = (wrap: (attempt: Attempt) => Attempt): WorkerDefinition => ({
  ...orchestrationWorker,
  async compose(clients) {
    const composed = await orchestrationWorker.compose(clients)
    const { attemptWebhookDelivery } = composed.activities as unknown as { attemptWebhookDelivery: Attempt }
    return {
      ...composed,
      activities: { ...composed.activities, attemptWebhookDelivery: wrap(attemptWebhookDelivery) },
    }
  },
})

async function ownerWithWebhook() {
  const { OUTGOING_NETWORKS: networks, OUTGOING_PORTS: ports, WEBHOOK_KEY: key } = world.config
  const owner = await world.owner()
  const webhooks = createWebhooks({
    db: world.db,
    userUrls: createUserUrls({ networks, ports }),
    securityEvents,
    key,
  })
  const url = new URL(`https://127.0.0.1:${new URL(receiver.url).port}/hook`)
  const { webhook, secret } = await webhooks.create(owner, { url, events: ['like.received'] }, testDevice)
  return { owner, webhookId: webhook.webhook_id, secret }
}

/** As many likes of one photo. */
async function likes(owner: UserId, count: number): Promise<void> {
  const { photoId } = await buildPhoto(world.db, owner)
  for (let n = 0; n < count; n++) await createLikes({ db: world.db }).like(await world.owner(), photoId)
}

const statesOf = async (webhookId: string) => {
  const rows = await world.db.primary<{ delivery_id: string; state: string; attempts: number }>({
    text: 'SELECT delivery_id, state, attempts FROM webhook_deliveries WHERE webhook_id = $1',
    values: [webhookId],
  })
  return rows
}
const allDelivered = (webhookId: string, count: number) =>
  eventually(async () => {
    const rows = await statesOf(webhookId)
    return rows.length === count && rows.every(({ state }) => state === 'delivered') ? rows : undefined
  })
const verified = (secret: string) =>
  receiver.received.map(({ headers, body }) => {
    new Webhook(secret).verify(body.toString(), headers as Record<string, string>)
    return String(headers['webhook-id'])
  })

describe('workers', () => {
  it('deliver what happened within seconds, once each', async () => {
    await start()
    const { owner, webhookId, secret } = await ownerWithWebhook()
    await likes(owner, 12)
    const rows = await allDelivered(webhookId, 12)
    expect(verified(secret).sort()).toEqual(rows.map((row) => `msg_${row.delivery_id}`).sort())
    const ended = async () => {
      const query = `WorkflowType = '${WEBHOOK_DELIVERY}' AND ExecutionStatus = 'Completed'`
      return (await world.temporal.workflow.count(query)).count >= 12
    }
    await eventually(ended)
  })

  it('send again what a worker sent before it died, under the same id', async () => {
    let deaths = 2
    await start(
      attempting((attempt) => async (input) => {
        const result = await attempt(input)
        if (deaths-- > 0) throw new Error('killed')
        return result
      }),
    )
    const { owner, webhookId, secret } = await ownerWithWebhook()
    await likes(owner, 1)
    const [row] = await allDelivered(webhookId, 1)
    await eventually(async () => deaths < 0)
    expect(new Set(verified(secret))).toEqual(new Set([`msg_${row!.delivery_id}`]))
    expect(row!.attempts).toBe(1)
  })

  it('take over what another one leaves behind', async () => {
    let tried = 0
    await start(
      attempting(() => async () => {
        tried++
        throw new Error('this process is about to die')
      }),
    )
    const { owner, webhookId } = await ownerWithWebhook()
    await likes(owner, 3)
    await eventually(async () => tried > 0)
    await Promise.all(workers.splice(0).map((worker) => worker.stop()))
    await start()
    await allDelivered(webhookId, 3)
  })

  it('share the work, two of them, without a double', async () => {
    await Promise.all([start(), start()])
    const { owner, webhookId, secret } = await ownerWithWebhook()
    await likes(owner, 10)
    await allDelivered(webhookId, 10)
    expect(new Set(verified(secret)).size).toBe(receiver.received.length)
  })

  it('send a replay at once while its delivery waits for hours', async () => {
    await start()
    receiver.answer = (response) => void response.writeHead(500).end()
    const { owner, webhookId } = await ownerWithWebhook()
    await likes(owner, 1)
    const [row] = await eventually(async () => {
      const rows = await statesOf(webhookId)
      return rows[0]?.attempts === 1 ? rows : undefined
    })
    // Its next attempt is hours away: the ninth comes after four.
    await world.db.primary({
      text: 'UPDATE webhook_deliveries SET attempts = 8 WHERE delivery_id = $1',
      values: [row!.delivery_id],
    })
    await eventually(async () => (await statesOf(webhookId))[0]!.attempts === 9)
    receiver.answer = (response) => void response.writeHead(204).end()
    await createDeliveries({ db: world.db }).replay(owner, webhookId, row!.delivery_id)
    await allDelivered(webhookId, 1)
    const handle = world.temporal.workflow.getHandle(webhookDeliveryWorkflowId(row!.delivery_id))
    expect(await handle.result()).toEqual({ attempts: 3 })
  })
})
