import pMap from 'p-map'
import { Webhook } from 'standardwebhooks'
import { expect } from 'vitest'
import { createUserUrls, type UserUrls } from '../../../src/infra/https/user-urls.ts'
import type { DeliveryState } from '../../../src/domain/webhooks.ts'
import { admitOnce } from '../../../src/services/webhooks/admit-deliveries.ts'
import { createAttemptDelivery, type AttemptDeps } from '../../../src/services/webhooks/attempt-delivery.ts'
import { startHttpsServer, type HttpsServer } from '../servers/https-server.ts'
import type { Json, Person } from './api-world.ts'
import { openNotificationWorld, type NotificationWorld } from './notification-world.ts'
import { silent } from './upload-world.ts'

interface MadeWebhook {
  id: string
  secret: string
}

interface DeliveryRow {
  delivery_id: string
  event: string
  state: DeliveryState
  attempts: number
  photo_id: string | null
  actor_id: string | null
  item_id: string | null
}

/** A notification world with a receiver, in which a test says when deliveries are admitted and tried. */
export interface WebhookWorld extends NotificationWorld {
  receiver: HttpsServer
  /** The news of it is not told, to the webhook itself either. */
  hook(who: Person, events: readonly string[], path?: string): Promise<MadeWebhook>
  webhook(who: Person, id: string): Promise<Json>
  deliveries(who: Person, id: string): Promise<Json[]>
  rows(webhookId: string): Promise<DeliveryRow[]>
  /** As the background of orchestration workers does. @returns which are under way */
  admit(): Promise<string[]>
  /** As the step of the workflow does. */
  attempt(deliveryId: string, deps?: Partial<AttemptDeps>): Promise<number | undefined>
  /** Writes what is owed to webhooks, admits it, and tries each once, until nothing is queued. */
  deliver(): Promise<void>
  userUrls: UserUrls
  /** What the receiver got since the last call, each verified by the standard's library. */
  taken(secret: string): Json[]
}

export async function openWebhookWorld(): Promise<WebhookWorld> {
  const receiver = await startHttpsServer()
  const { port } = new URL(receiver.url)
  const networks = ['127.0.0.0/8']
  const key = 'the key of the tests of webhooks'.padEnd(40, '.')
  const world = await openNotificationWorld({
    WEBHOOK_KEY: key,
    OUTGOING_NETWORKS: networks.join(','),
    OUTGOING_PORTS: `443,${port}`,
  })
  const { db } = world
  const userUrls = createUserUrls({ networks, ports: [Number(port)] })
  const get = async (who: Person, path: string) => {
    await world.api.clients.redis.set(`wrote:${who.id}`, '1', 'PX', 2_000)
    const { status, body } = await world.call('GET', `/v1/me/webhooks${path}`, { token: who.token })
    expect(status).toBe(200)
    return body
  }
  const attempt: WebhookWorld['attempt'] = (deliveryId, deps = {}) =>
    createAttemptDelivery({ db, userUrls, key, failingDays: 3, logger: silent, ...deps })(deliveryId)

  async function admit(): Promise<string[]> {
    // No Temporal here: what is owed to it stays in the outbox.
    for (let after: string | undefined = ''; after !== undefined;)
      after = await admitOnce(
        { db, outbox: { dispatch: async () => undefined }, logger: silent },
        after || undefined,
      )
    const rows = await db.primary<{ delivery_id: string }>({
      text: `SELECT delivery_id FROM webhook_deliveries WHERE state = 'under_way' ORDER BY delivery_id`,
    })
    return rows.map((row) => row.delivery_id)
  }

  return {
    ...world,
    receiver,
    userUrls,
    async hook(who, events, path = '/hook') {
      const url = `https://127.0.0.1:${port}${path}`
      const { status, body } = await world.call('POST', '/v1/me/webhooks', {
        token: who.token,
        body: { url, events },
      })
      expect(status).toBe(201)
      await db.primary({
        text: `DELETE FROM notification_events n USING security_events s
               WHERE s.user_id = $1 AND s.kind = 'webhook_created' AND n.item_id = s.security_event_id`,
        values: [who.id],
      })
      return { id: body.webhook.id, secret: body.secret }
    },
    webhook: async (who, id) => (await get(who, `/${id}`)).webhook,
    deliveries: async (who, id) => (await get(who, `/${id}/deliveries?limit=100`)).items,
    rows: (webhookId) =>
      db.primary<DeliveryRow & Record<string, unknown>>({
        text: `SELECT delivery_id, event, state, attempts, photo_id, actor_id, item_id FROM webhook_deliveries
               WHERE webhook_id = $1 ORDER BY delivery_id`,
        values: [webhookId],
      }),
    admit,
    attempt,
    async deliver() {
      await world.write()
      const tried = new Set<string>()
      for (;;) {
        const fresh = (await admit()).filter((id) => !tried.has(id))
        if (fresh.length === 0) return
        await pMap(fresh, (id) => attempt(id), { concurrency: 10 })
        for (const id of fresh) tried.add(id)
      }
    },
    taken: (secret) =>
      receiver.received.splice(0).map(({ headers, body }) => {
        const verified = new Webhook(secret).verify(body.toString(), headers as Record<string, string>)
        return { id: headers['webhook-id'], ...(verified as object) }
      }),
    async close() {
      await world.close()
      await receiver.close()
    },
  }
}
