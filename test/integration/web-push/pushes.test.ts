import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NOTIFICATION_WRITERS } from '../../../src/domain/notifications.ts'
import { createWriteNotifications } from '../../../src/services/notifications/write-notifications.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openWebPushWorld, type WebPushWorld } from '../../support/worlds/web-push-world.ts'

let world: WebPushWorld
let owner: Person
let ann: Person
let bob: Person

beforeAll(async () => {
  world = await openWebPushWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  await world.db.primary({ text: 'TRUNCATE push_subscriptions, owed_pushes' })
  ;[owner, ann, bob] = (await world.people(3)) as [Person, Person, Person]
  world.service.received = []
  answer(201)
})

const answer = (status: number) =>
  (world.service.answer = (response) => void response.writeHead(status).end())
const newPhoto = () => world.seedPhoto({ ownerId: owner.id })
const subscriptions = async () => (await world.db.primary({ text: 'SELECT FROM push_subscriptions' })).length
const laterOn = () =>
  world.db.primary({ text: `UPDATE notifications SET pushed_at = now() - interval '2 minutes'` })

describe('a device', () => {
  it('is told what the list then has, encrypted, by the installation', async () => {
    const browser = await world.subscribe(owner)
    const photoId = await newPhoto()
    const commentId = await world.comment(ann, photoId, 'A secret about fog.')
    expect(await world.push()).toBe(1)
    const [push, ...more] = await world.received(browser)
    expect(more).toEqual([])
    const [told] = await world.told(owner)
    expect(push!.message).toEqual({
      id: told.id,
      kind: 'comment',
      tag: push!.headers.topic,
      count: 1,
      actor: { id: ann.id, username: ann.username, displayName: null },
      photoId,
      commentId,
    })
    expect(JSON.stringify(push!.message)).not.toContain('secret')
    expect(push!.headers).toMatchObject({ ttl: '86400', urgency: 'normal', 'content-encoding': 'aes128gcm' })
    expect(push!.headers.topic).toMatch(/^[\w-]{32}$/)
    expect(push!.token.sub).toBe('mailto:ops@example.com')
    expect(await world.owed()).toBe(0)
  })

  it('is told of its safety at once', async () => {
    const browser = await world.subscribe(owner)
    await world.call('POST', '/v1/me/tokens', {
      token: owner.token,
      body: { name: 'A program', scopes: ['read'] },
    })
    await world.push()
    expect(await world.received(browser)).toMatchObject([
      { message: { kind: 'security', count: 1 }, headers: { urgency: 'high' } },
    ])
  })

  it('is told beside all others of its account', async () => {
    const browsers = [await world.subscribe(owner), await world.subscribe(owner)]
    const other = await world.subscribe(bob)
    await world.like(ann, await newPhoto())
    await world.push()
    for (const browser of browsers) expect(await world.received(browser)).toHaveLength(1)
    expect(await world.received(other)).toEqual([])
  })

  it('is told of what grows once a minute', async () => {
    const browser = await world.subscribe(owner)
    const photoId = await newPhoto()
    for (const person of await world.people(5)) {
      await world.like(person, photoId)
      await world.push()
    }
    expect((await world.received(browser)).map(({ message }) => message.count)).toEqual([1])
    await laterOn()
    await world.like(ann, photoId)
    await world.push()
    expect((await world.received(browser)).map(({ message }) => message.count)).toEqual([6])
  })

  it('is not told of kinds that are not pushed, or not in the list', async () => {
    const browser = await world.subscribe(owner)
    await world.setting(owner, { like: { push: false }, follow: { inApp: false } })
    await world.like(ann, await newPhoto())
    await world.follow(ann, owner)
    expect(await world.push()).toBe(0)
    expect(await world.received(browser)).toEqual([])
  })
})

describe('what has changed since', () => {
  const changes: [string, () => Promise<unknown>][] = [
    ['a block', () => world.block(owner, ann)],
    ['a mute', () => world.mute(owner, ann)],
    ['the suspension of the actor', () => world.setStatus(ann, 'suspended')],
    ['the suspension of the account', () => world.setStatus(owner, 'suspended')],
    ['the deactivation of the account', () => world.setStatus(owner, 'deactivated')],
    ['the setting', () => world.setting(owner, { like: { push: false } })],
    ['the end of the session', () => world.call('DELETE', '/v1/sessions/current', { token: owner.token })],
    ['that it was read', async () => world.markRead(owner, new Date(Date.now() + 60_000).toISOString())],
    [
      'that it was taken back',
      async () => {
        const [row] = await world.db.primary<{ photo_id: string }>({
          text: 'SELECT photo_id FROM notifications WHERE recipient_id = $1',
          values: [owner.id],
        })
        await world.unlike(ann, row!.photo_id)
      },
    ],
    [
      'that another account has the browser',
      () => world.db.primary({ text: 'UPDATE push_subscriptions SET user_id = $1', values: [bob.id] }),
    ],
  ]
  it.each(changes)('keeps a push from being sent: %s', async (_what, change) => {
    const browser = await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    await world.write()
    expect(await world.owed()).toBe(1)
    await change()
    await world.push()
    expect(await world.received(browser)).toEqual([])
    expect(await world.owed()).toBe(0)
  })
})

describe('a push service', () => {
  it.each([404, 410])('that answers %i ends the subscription', async (status) => {
    await world.subscribe(owner)
    const photos = [await newPhoto(), await newPhoto()]
    for (const photoId of photos) await world.like(ann, photoId)
    answer(status)
    await world.push()
    expect(await subscriptions()).toBe(0)
    await world.like(bob, photos[0]!)
    expect(await world.push()).toBe(0)
    expect(await world.owed()).toBe(0)
  })

  it.each([429, 500, 503])('that answers %i is asked again later', async (status) => {
    const browser = await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    answer(status)
    await world.push()
    expect(await world.push()).toBe(0)
    expect(await world.owed()).toBe(1)
    world.service.received = []
    answer(201)
    await world.makeDue()
    await world.push()
    expect(await world.received(browser)).toHaveLength(1)
    expect(await world.owed()).toBe(0)
  })

  it.each([400, 403, 413, 302])('that answers %i is not asked again', async (status) => {
    await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    answer(status)
    await world.push()
    expect(await world.owed()).toBe(0)
    expect(await subscriptions()).toBe(1)
    expect(world.service.received).toHaveLength(1)
  })

  it('that stays away is asked five times', async () => {
    await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    answer(500)
    for (let n = 0; n < 8; n++) {
      await world.makeDue()
      await world.push()
    }
    expect(world.service.received).toHaveLength(5)
    expect(await world.owed()).toBe(0)
  })

  it('is told no news of an hour ago', async () => {
    await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    await world.write()
    await world.db.primary({ text: `UPDATE owed_pushes SET created_at = now() - interval '61 minutes'` })
    await world.push()
    expect(world.service.received).toEqual([])
    expect(await world.owed()).toBe(0)
  })

  it('gets nothing at an address that has become a private one', async () => {
    await world.subscribe(owner)
    await world.db.primary({ text: `UPDATE push_subscriptions SET endpoint = 'https://169.254.169.254/x'` })
    await world.like(ann, await newPhoto())
    await world.push()
    expect(world.service.received).toEqual([])
    expect(await world.owed()).toBe(1)
  })
})

describe('sending', () => {
  it('takes more than a batch, and each push once among many senders', async () => {
    const browser = await world.subscribe(owner)
    for (let n = 0; n < 30; n++) await world.like(ann, await newPhoto())
    await world.write()
    const taken = await Promise.all(Array.from({ length: 4 }, () => world.push()))
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(30)
    expect(await world.received(browser)).toHaveLength(30)
  })

  it('sends again what a worker sent before it died, under the same tag', async () => {
    const browser = await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    const dying: typeof world.db.primary = (statement) =>
      statement.text.includes('DELETE FROM owed_pushes')
        ? Promise.reject(new Error('killed'))
        : world.db.primary(statement)
    await expect(world.push({ db: { primary: dying } })).rejects.toThrow('killed')
    expect(await world.push()).toBe(0)
    await world.makeDue()
    expect(await world.push()).toBe(1)
    const pushes = await world.received(browser)
    expect(pushes).toHaveLength(2)
    expect(new Set(pushes.map(({ message }) => message.tag)).size).toBe(1)
  })

  it('is owed with its notification, or not at all', async () => {
    await world.subscribe(owner)
    await world.like(ann, await newPhoto())
    const dying = createWriteNotifications({
      announce: { written: async () => undefined },
      db: {
        transaction: (work, options) =>
          world.db.transaction(async (tx) => {
            await work(tx)
            throw new Error('killed')
          }, options),
      },
    })
    await expect(dying(Number(BigInt(owner.id) % BigInt(NOTIFICATION_WRITERS)))).rejects.toThrow('killed')
    expect(await world.owed()).toBe(0)
    expect(await world.push()).toBe(1)
  })
})
