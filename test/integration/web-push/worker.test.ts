import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import { createUserUrls } from '../../../src/infra/https/user-urls.ts'
import { createLikes } from '../../../src/services/engagement/likes.ts'
import { createNotificationSettings } from '../../../src/services/notifications/notification-settings.ts'
import { createPushSubscriptions } from '../../../src/services/web-push/subscriptions.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import type { RunningWorker, WorkerDefinition } from '../../../src/workers/run-worker.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { createBrowser, type Browser } from '../../support/servers/browser.ts'
import { startHttpsServer, type HttpsServer } from '../../support/servers/https-server.ts'
import { eventually, openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

/** Pushes as workers send them, on a real Temporal. */
let service: HttpsServer
let world: UploadWorld
const workers: RunningWorker[] = []

beforeAll(async () => {
  service = await startHttpsServer()
  world = await openUploadWorld({
    WEB_PUSH_KEY: randomBytes(32).toString('hex'),
    WEB_PUSH_CONTACT: 'mailto:ops@example.com',
    OUTGOING_NETWORKS: '127.0.0.0/8',
    OUTGOING_PORTS: new URL(service.url).port,
  })
})
beforeEach(() => {
  service.received = []
  service.answer = (response) => void response.writeHead(201).end()
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()))
})
afterAll(async () => {
  await world?.close()
  await service?.close()
})

async function start(definition: WorkerDefinition = orchestrationWorker): Promise<void> {
  workers.push(await world.start(definition))
}

type Send = (input: { writer: number }) => Promise<unknown>

/** An orchestration worker whose sending is wrapped. */
const sending = (wrap: (send: Send) => Send): WorkerDefinition => ({
  ...orchestrationWorker,
  async compose(clients) {
    const composed = await orchestrationWorker.compose(clients)
    const { sendWebPushes } = composed.activities as unknown as { sendWebPushes: Send }
    return { ...composed, activities: { ...composed.activities, sendWebPushes: wrap(sendWebPushes) } }
  },
})

let devices = 0
async function subscribed(): Promise<{ owner: UserId; browser: Browser }> {
  const { db, config } = world
  const { userId, sessionId } = await buildUser(db)
  await createNotificationSettings({ db }).update(userId, { like: { push: true } })
  const browser = createBrowser(`https://127.0.0.1:${new URL(service.url).port}/${++devices}`)
  const { endpoint, keys } = browser.subscription
  const urls = { networks: config.OUTGOING_NETWORKS, ports: config.OUTGOING_PORTS }
  const subscriptions = createPushSubscriptions({
    db,
    userUrls: createUserUrls(urls),
    publicKey: 'of no matter here',
  })
  const bytes = {
    p256dh: Buffer.from(keys.p256dh, 'base64url'),
    auth: Buffer.from(keys.auth, 'base64url'),
  }
  await subscriptions.add({ userId, sessionId }, { endpoint: new URL(endpoint), keys: bytes })
  return { owner: userId, browser }
}

async function like(owner: UserId): Promise<void> {
  const { photoId } = await buildPhoto(world.db, owner)
  await createLikes({ db: world.db }).like(await world.owner(), photoId)
}

const got = (browser: Browser) => {
  const { pathname } = new URL(browser.subscription.endpoint)
  return service.received.filter(({ path }) => path === pathname)
}
const nothingOwed = () =>
  eventually(async () => (await world.db.primary({ text: 'SELECT FROM owed_pushes' })).length === 0)

describe('workers', () => {
  it('tell devices within seconds', async () => {
    await start()
    const { owner, browser } = await subscribed()
    await like(owner)
    await like(owner)
    await eventually(async () => got(browser).length === 2)
    const read = await Promise.all(got(browser).map((push) => browser.read(push)))
    expect(read.map(({ message }) => message.kind)).toEqual(['like', 'like'])
    await nothingOwed()
  })

  it('tell of nothing twice after one has died between effect and answer', async () => {
    let deaths = 2
    await start(
      sending((send) => async (input) => {
        const result = await send(input)
        if (deaths-- > 0) throw new Error('killed')
        return result
      }),
    )
    const { owner, browser } = await subscribed()
    await like(owner)
    await eventually(async () => deaths < 0)
    await nothingOwed()
    expect(got(browser)).toHaveLength(1)
  })

  it('share the work, two of them, without a double', async () => {
    await Promise.all([start(), start()])
    const all = await Promise.all(Array.from({ length: 5 }, () => subscribed()))
    for (const { owner } of all) await like(owner)
    await nothingOwed()
    await eventually(async () => service.received.length >= 5)
    for (const { browser } of all) expect(got(browser)).toHaveLength(1)
  })
})
