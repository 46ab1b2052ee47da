import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openEventSource, type EventSource } from '../../support/event-source.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let owner: Person
let ann: Person
const sources: EventSource[] = []

beforeAll(async () => {
  world = await openNotificationWorld()
})
afterEach(() => {
  for (const source of sources.splice(0)) source.close()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann] = (await world.people(2)) as [Person, Person]
})

async function streamOf({ token }: Person): Promise<EventSource> {
  const { body } = await world.call('POST', '/v1/events/tickets', { token })
  const source = await openEventSource(world.api.url, { ticket: body.ticket })
  sources.push(source)
  await source.waitFor('ready')
  return source
}

const countsOf = ({ events }: EventSource) =>
  events.filter(({ type }) => type === 'unread').map(({ data }) => data)

describe('a stream of live events', () => {
  it('tells of a notification that the list then has, on the replica too', async () => {
    const stream = await streamOf(owner)
    for (let n = 1; n <= 5; n++) {
      await world.like(ann, await world.seedPhoto({ ownerId: owner.id }))
      await world.readFromReplica(owner)
      await world.write()
      const told = await stream.waitFor('notification', n)
      const { body } = await world.call('GET', '/v1/me/notifications', { token: owner.token })
      expect(told.at(-1)!.data).toEqual({ id: body.items[0].id, kind: 'like' })
    }
    await stream.waitFor('unread', 5)
    expect(countsOf(stream)).toEqual([1, 2, 3, 4, 5].map((count) => ({ count })))
  })

  it('tells of one that has grown, by the same id', async () => {
    const stream = await streamOf(owner)
    const photoId = await world.seedPhoto({ ownerId: owner.id })
    for (const person of await world.people(2)) {
      await world.like(person, photoId)
      await world.write()
    }
    const [first, second] = await stream.waitFor('notification', 2)
    expect(second!.data).toEqual(first!.data)
    await stream.waitFor('unread', 2)
    expect(countsOf(stream)).toEqual([{ count: 1 }, { count: 1 }])
  })

  it('tells other devices what was read', async () => {
    await world.like(ann, await world.seedPhoto({ ownerId: owner.id }))
    const [item] = await world.told(owner)
    const stream = await streamOf(owner)
    await world.markRead(owner, item.createdAt)
    await world.markRead(owner, item.createdAt)
    await stream.waitFor('unread')
    expect(countsOf(stream)).toEqual([{ count: 0 }])
  })

  it('tells nobody of what may not be shown', async () => {
    const photoId = await world.seedPhoto({ ownerId: owner.id })
    const stream = await streamOf(owner)
    await world.mute(owner, ann)
    await world.like(ann, photoId)
    await world.write()
    const [bob] = (await world.people(1)) as [Person]
    await world.like(bob, photoId)
    await world.write()
    await stream.waitFor('unread')
    expect(stream.events.map(({ type }) => type)).toEqual(['ready', 'notification', 'unread'])
  })
})

describe('writing without Redis', () => {
  it('loses the live event and keeps the notification', async () => {
    const { redis } = world.api.clients
    await world.like(ann, await world.seedPhoto({ ownerId: owner.id }))
    redis.disconnect()
    await world.write()
    await redis.connect()
    expect(await world.told(owner)).toHaveLength(1)
    expect(world.logLines.some((line) => line.includes('live events of notifications are lost'))).toBe(true)
  })
})
