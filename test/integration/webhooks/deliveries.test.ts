import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MAX_ITEMS } from '../../../src/domain/limits.ts'
import { sweepDeliveries } from '../../../src/services/webhooks/sweep-deliveries.ts'
import { answering } from '../../support/servers/https-server.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openWebhookWorld, type WebhookWorld } from '../../support/worlds/webhook-world.ts'

let world: WebhookWorld
let owner: Person
let hook: { id: string; secret: string }

beforeAll(async () => {
  world = await openWebhookWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  await world.db.primary({ text: 'TRUNCATE webhooks, webhook_deliveries, outbox' })
  ;[owner] = (await world.people(1)) as [Person]
  hook = await world.hook(owner, ['photo.trashed', 'follow.received'])
  world.receiver.received.length = 0
  succeed()
})

const succeed = () => (world.receiver.answer = (response) => void response.writeHead(204).end())
const fail = (status = 500) => (world.receiver.answer = answering({ error: 'not today' }, status))
const trash = async () => {
  const photoId = await world.seedPhoto({ ownerId: owner.id })
  await world.call('DELETE', `/v1/photos/${photoId}`, { token: owner.token })
  return photoId
}
/** A storm: as many events as that, without the photos. */
const storm = (count: number, id = hook.id) =>
  world.db.primary({
    text: `INSERT INTO webhook_deliveries (webhook_id, event, photo_id)
           SELECT $1, 'photo.trashed', uuidv7() FROM generate_series(1, $2::integer)`,
    values: [id, count],
  })
const states = async (id = hook.id) => {
  const counts: Record<string, number> = {}
  for (const { state } of await world.rows(id)) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
const failingSince = (days: number) =>
  world.db.primary({
    text: `UPDATE webhooks SET failing_since = now() - $2 * interval '1 day' WHERE webhook_id = $1`,
    values: [hook.id, days],
  })
const change = (body: object) =>
  world.call('PATCH', `/v1/me/webhooks/${hook.id}`, { token: owner.token, body })
const replay = (deliveryId: string) =>
  world.call('POST', `/v1/me/webhooks/${hook.id}/deliveries/${deliveryId}/replay`, { token: owner.token })

describe('a delivery', () => {
  it('arrives signed, and is shown with what came of it', async () => {
    const photoId = await trash()
    await world.deliver()
    const [message, ...more] = world.taken(hook.secret)
    expect(more).toEqual([])
    expect(message).toMatchObject({ type: 'photo.trashed', data: { photoId } })
    const [shown] = await world.deliveries(owner, hook.id)
    expect(shown).toMatchObject({ state: 'delivered', attempts: 1, statusCode: 204, failure: null })
    expect(shown.messageId).toBe(message.id)
  })

  it('is tried again until it arrives, under the same id', async () => {
    await trash()
    fail()
    const [id] = await world.admit()
    expect(await world.attempt(id!)).toBeGreaterThan(4_000)
    expect(await world.attempt(id!)).toBeGreaterThan(26_000)
    expect(await world.deliveries(owner, hook.id)).toMatchObject([
      { state: 'under_way', attempts: 2, statusCode: 500, excerpt: '{"error":"not today"}' },
    ])
    expect((await world.webhook(owner, hook.id)).failingSince).not.toBeNull()
    succeed()
    expect(await world.attempt(id!)).toBeUndefined()
    expect((await world.webhook(owner, hook.id)).failingSince).toBeNull()
    expect(new Set(world.taken(hook.secret).map((message) => message.id)).size).toBe(1)
    expect(await world.attempt(id!)).toBeUndefined()
    expect(world.receiver.received).toEqual([])
  })

  it('arrives again, and counts once, if a worker dies after it', async () => {
    await trash()
    const [id] = await world.admit()
    const dying = { ...world.db, transaction: () => Promise.reject(new Error('killed')) }
    await expect(world.attempt(id!, { db: dying })).rejects.toThrow('killed')
    expect(await world.attempt(id!)).toBeUndefined()
    const [first, second] = world.taken(hook.secret)
    expect(second).toEqual(first)
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'delivered', attempts: 1 }])
  })

  it('counts once if two attempts of it fail at the same time', async () => {
    await trash()
    fail()
    const [id] = await world.admit()
    const waits = await Promise.all([world.attempt(id!), world.attempt(id!)])
    for (const wait of waits) expect(wait).toBeGreaterThan(500)
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'under_way', attempts: 1 }])
  })

  it('is given up after a day', async () => {
    await trash()
    fail()
    const [id] = await world.admit()
    const age = (hours: number) =>
      world.db.primary({
        text: `UPDATE webhook_deliveries SET attempts = 9, queued_at = now() - $2 * interval '1 hour' WHERE delivery_id = $1`,
        values: [id, hours],
      })
    await age(20)
    expect(await world.attempt(id!)).toBeUndefined()
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'failed', statusCode: 500 }])
  })

  it('is not sent once it has waited for a day', async () => {
    await trash()
    const [id] = await world.admit()
    await world.db.primary({ text: `UPDATE webhook_deliveries SET queued_at = now() - interval '25 hours'` })
    expect(await world.attempt(id!)).toBeUndefined()
    expect(world.receiver.received).toEqual([])
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'failed', failure: 'expired' }])
  })

  it('is not sent for an account that is suspended by then', async () => {
    await trash()
    const [id] = await world.admit()
    await world.setStatus(owner, 'suspended')
    expect(await world.attempt(id!)).toBeUndefined()
    expect(world.receiver.received).toEqual([])
  })

  it('says so when its address has become a private one', async () => {
    await trash()
    const [id] = await world.admit()
    await world.db.primary({ text: `UPDATE webhooks SET url = 'https://169.254.169.254/'` })
    expect(await world.attempt(id!)).toBeGreaterThan(1_000)
    expect(await world.deliveries(owner, hook.id)).toMatchObject([
      { statusCode: null, failure: 'blocked_address' },
    ])
  })

  it('is not led elsewhere by a redirect', async () => {
    await trash()
    world.receiver.answer = (response) =>
      void response.writeHead(307, { Location: 'https://169.254.169.254/' }).end()
    const [id] = await world.admit()
    expect(await world.attempt(id!)).toBeGreaterThan(1_000)
    expect(world.receiver.received).toHaveLength(1)
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ statusCode: 307 }])
  })
})

describe('a webhook', () => {
  it('that answers 410 ends at once, and its owner is told', async () => {
    await trash()
    fail(410)
    await world.deliver()
    expect(await world.webhook(owner, hook.id)).toMatchObject({ enabled: false, disabledReason: 'gone' })
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'failed', statusCode: 410 }])
    expect((await world.told(owner)).map(({ kind, actorCount }) => [kind, actorCount])).toEqual([
      ['webhook_disabled', 1],
    ])
    await trash()
    expect(await world.rows(hook.id)).toHaveLength(1)
    await change({ enabled: true })
    expect(await world.told(owner)).toEqual([])
  })

  it('that has failed for days ends with its next failure', async () => {
    fail()
    await trash()
    await failingSince(2.9)
    await world.deliver()
    expect((await world.webhook(owner, hook.id)).enabled).toBe(true)
    await failingSince(3.1)
    await trash()
    await world.deliver()
    expect(await world.webhook(owner, hook.id)).toMatchObject({ enabled: false, disabledReason: 'failing' })
    expect(await world.told(owner)).toHaveLength(1)
    expect(await states()).toEqual({ under_way: 1, failed: 1 })
    // The other one hears of it at its next attempt.
    const [open] = (await world.rows(hook.id)).filter(({ state }) => state === 'under_way')
    expect(await world.attempt(open!.delivery_id)).toBeUndefined()
    expect(await states()).toEqual({ failed: 2 })
  })

  it('is told of each time that it ends', async () => {
    fail(410)
    for (let n = 1; n <= 2; n++) {
      await trash()
      await world.deliver()
      const [told] = await world.told(owner)
      expect(told.kind).toBe('webhook_disabled')
      await world.markRead(owner, told.createdAt)
      await change({ enabled: true })
    }
  })

  it('does not end for failures of an earlier address', async () => {
    await trash()
    await failingSince(9)
    const [id] = await world.admit()
    world.receiver.answer = (response) => {
      void change({ url: `https://127.0.0.1:${new URL(world.receiver.url).port}/moved` }).then(() =>
        response.writeHead(410).end(),
      )
    }
    await world.attempt(id!)
    expect(await world.webhook(owner, hook.id)).toMatchObject({ enabled: true, failingSince: null })
  })

  it('gets nothing that was queued while it was being disabled', async () => {
    await change({ enabled: false })
    await storm(3)
    expect(await world.admit()).toEqual([])
    expect(await states()).toEqual({ failed: 3 })
  })

  it('that is deleted leaves nothing behind', async () => {
    await storm(1_200)
    const [id] = await world.admit()
    await world.call('DELETE', `/v1/me/webhooks/${hook.id}`, { token: owner.token })
    expect(await world.rows(hook.id)).toEqual([])
    expect(await world.attempt(id!)).toBeUndefined()
    await storm(2)
    await world.admit()
    expect(await states()).toEqual({ failed: 2 })
  })
})

describe('a storm', () => {
  it('is admitted five at a time, and goes on as they arrive', async () => {
    await storm(12)
    const first = await world.admit()
    expect(first).toHaveLength(5)
    expect(await world.admit()).toEqual(first)
    await world.attempt(first[0]!)
    await world.attempt(first[1]!)
    expect(await world.admit()).toHaveLength(5)
    await world.deliver()
    expect(await states()).toEqual({ delivered: 12 })
    const owed = await world.db.primary({ text: `SELECT FROM outbox WHERE kind = 'deliveryAdmitted'` })
    expect(owed).toHaveLength(12)
  })

  it('opens fifty workflows at most while its receiver is down', async () => {
    await storm(80)
    fail()
    await world.deliver()
    expect(await states()).toEqual({ under_way: 50, queued: 30 })
  })

  it('does not stop at messages that the receiver refuses', async () => {
    await storm(8)
    fail()
    await world.deliver()
    world.receiver.received = []
    succeed()
    const photoId = await trash()
    await world.deliver()
    expect(world.taken(hook.secret).map((message) => message.data.photoId)).toContain(photoId)
  })

  it('keeps the latest thousand that wait', async () => {
    await storm(MAX_ITEMS.queuedPerWebhook + 300)
    const all = await world.rows(hook.id)
    await world.admit()
    const kept = await world.rows(hook.id)
    expect(kept).toHaveLength(MAX_ITEMS.queuedPerWebhook)
    expect(kept.map((row) => row.delivery_id)).toEqual(all.slice(300).map((row) => row.delivery_id))
  })

  it('keeps the latest thousand that are over', async () => {
    await storm(MAX_ITEMS.keptPerWebhook + 20)
    await world.db.primary({ text: `UPDATE webhook_deliveries SET state = 'delivered'` })
    await storm(1)
    await world.admit()
    expect(await states()).toEqual({ delivered: MAX_ITEMS.keptPerWebhook, under_way: 1 })
  })

  it('does not delay the webhooks of others', async () => {
    const [other] = (await world.people(1)) as [Person]
    const quiet = await world.hook(other, ['photo.trashed'])
    await storm(500)
    await storm(1, quiet.id)
    await world.admit()
    expect(await states(quiet.id)).toEqual({ under_way: 1 })
  })

  it('is admitted once by many processes at the same moment', async () => {
    await storm(40)
    await Promise.all(Array.from({ length: 8 }, () => world.admit()))
    expect(await states()).toEqual({ under_way: 5, queued: 35 })
    expect(await world.db.primary({ text: 'SELECT FROM outbox' })).toHaveLength(5)
  })

  it('of more webhooks than a pass takes is admitted by the next one', async () => {
    const ids = await world.db.primary<{ webhook_id: string }>({
      text: `INSERT INTO webhooks (webhook_id, user_id, url, events)
             SELECT uuidv7(), $1, 'https://example.com/', '{photo.trashed}' FROM generate_series(1, 150) RETURNING webhook_id`,
      values: [owner.id],
    })
    for (const { webhook_id: id } of ids) await storm(1, id)
    expect(await world.admit()).toHaveLength(150)
  })

  it('forgets workflows that were lost after a day', async () => {
    await storm(10)
    await world.admit()
    await world.db.primary({
      text: `UPDATE webhook_deliveries SET queued_at = now() - interval '26 hours' WHERE state = 'under_way'`,
    })
    expect(await world.admit()).toHaveLength(10)
  })
})

describe('a replay', () => {
  it('sends what has failed or arrived once more, under its id', async () => {
    await trash()
    await world.deliver()
    const [first] = world.taken(hook.secret)
    const [{ id }] = await world.deliveries(owner, hook.id)
    const { status, body } = await replay(id)
    expect(status).toBe(202)
    expect(body.delivery).toMatchObject({ id, state: 'queued', attempts: 0 })
    await world.deliver()
    expect(world.taken(hook.secret)).toEqual([first])
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'delivered', attempts: 1 }])
  })

  it('gives a delivery another day', async () => {
    await trash()
    const [id] = await world.admit()
    await world.db.primary({ text: `UPDATE webhook_deliveries SET queued_at = now() - interval '25 hours'` })
    await world.attempt(id!)
    await replay(id!)
    await world.deliver()
    expect(await world.deliveries(owner, hook.id)).toMatchObject([{ state: 'delivered', failure: null }])
  })

  it('is refused while the webhook is disabled', async () => {
    await trash()
    await world.deliver()
    const [{ id }] = await world.deliveries(owner, hook.id)
    await change({ enabled: false })
    expect(await replay(id)).toMatchObject({ status: 422, body: { code: 'invalid' } })
    expect(await states()).toEqual({ delivered: 1 })
  })
})

it('keeps deliveries for seven days', async () => {
  await storm(3)
  await world.db.primary({
    text: `UPDATE webhook_deliveries SET state = 'delivered', queued_at = now() - interval '6 days 23 hours'`,
  })
  expect(await sweepDeliveries(world.db.primary).run()).toBe(0)
  await world.db.primary({
    text: `UPDATE webhook_deliveries SET queued_at = now() - interval '7 days 1 hour'`,
  })
  expect(await sweepDeliveries(world.db.primary).run()).toBe(3)
})

it('pages through the deliveries of a webhook', async () => {
  await storm(7)
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const at: string = cursor === '' ? '' : `&cursor=${cursor}`
    const path = `/v1/me/webhooks/${hook.id}/deliveries?limit=3${at}`
    const { body } = await world.call('GET', path, { token: owner.token })
    ids.push(...body.items.map(({ id }: { id: string }) => id))
    cursor = body.nextCursor
  }
  expect(ids).toEqual((await world.rows(hook.id)).map((row) => row.delivery_id).reverse())
})
