import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { NOTIFICATION_WRITERS } from '../../../src/domain/notifications.ts'
import { createUserUrls } from '../../../src/infra/https/user-urls.ts'
import { createVapid } from '../../../src/infra/web-push/vapid.ts'
import { createSendPushes, type SendPushesDeps } from '../../../src/services/web-push/send-pushes.ts'
import { createBrowser, type Browser, type ReceivedPush } from '../servers/browser.ts'
import { startHttpsServer, type HttpsServer } from '../servers/https-server.ts'
import type { Person } from './api-world.ts'
import { openNotificationWorld, type NotificationWorld } from './notification-world.ts'

/** A notification world with a push service, in which a test says when pushes are sent. */
export interface WebPushWorld extends NotificationWorld {
  service: HttpsServer
  publicKey: string
  /** A browser of the person's device that has every kind pushed. */
  subscribe(who: Person, browser?: Browser): Promise<Browser>
  endpoint(): string
  /** Writes notifications and sends what is due, as the workflows do. @returns how many pushes were taken */
  push(deps?: Partial<SendPushesDeps>): Promise<number>
  /** What the browser got since the last call. */
  received(browser: Browser): Promise<ReceivedPush[]>
  owed(): Promise<number>
  /** Makes what waits for its next attempt due. */
  makeDue(): Promise<void>
}

const PUSHED = ['like', 'follow', 'comment', 'mention', 'album_shared', 'security'] as const

export async function openWebPushWorld(): Promise<WebPushWorld> {
  const service = await startHttpsServer()
  const { port } = new URL(service.url)
  const networks = ['127.0.0.0/8']
  const key = randomBytes(32).toString('hex')
  const world = await openNotificationWorld({
    WEB_PUSH_KEY: key,
    OUTGOING_NETWORKS: networks.join(','),
    OUTGOING_PORTS: `443,${port}`,
  })
  const { db } = world
  const userUrls = createUserUrls({ networks, ports: [Number(port)] })
  const vapid = createVapid(key, 'mailto:ops@example.com')
  let browsers = 0
  const endpoint = () => `https://127.0.0.1:${port}/send/${++browsers}`

  return {
    ...world,
    service,
    publicKey: vapid.publicKey,
    endpoint,
    async subscribe(who, browser = createBrowser(endpoint())) {
      await world.setting(who, Object.fromEntries(PUSHED.map((kind) => [kind, { push: true }])))
      const { status } = await world.call('POST', '/v1/me/push-subscriptions', {
        token: who.token,
        body: browser.subscription,
      })
      expect([200, 201]).toContain(status)
      return browser
    },
    async push(deps = {}) {
      await world.write()
      const send = createSendPushes({ db, userUrls, vapid, ...deps })
      const writers = Array.from({ length: NOTIFICATION_WRITERS }, (_, writer) => send(writer))
      return (await Promise.all(writers)).reduce((sum, { taken }) => sum + taken, 0)
    },
    received(browser) {
      const { pathname } = new URL(browser.subscription.endpoint)
      const all = service.received.filter(({ path }) => path === pathname)
      service.received = service.received.filter(({ path }) => path !== pathname)
      return Promise.all(all.map((push) => browser.read(push)))
    },
    async owed() {
      const rows = await db.primary({ text: 'SELECT FROM owed_pushes' })
      return rows.length
    },
    async makeDue() {
      await db.primary({ text: 'UPDATE owed_pushes SET due_at = now()' })
    },
    async close() {
      await world.close()
      await service.close()
    },
  }
}
