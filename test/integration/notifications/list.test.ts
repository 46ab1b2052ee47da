import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'
import { spyOnStatements } from '../../support/statements.ts'

let world: NotificationWorld
let owner: Person
let ann: Person

beforeAll(async () => {
  world = await openNotificationWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ;[owner, ann] = (await world.people(2)) as [Person, Person]
})

const get = (who: Person, path: string, headers: Record<string, string> = {}) =>
  world.call('GET', `/v1/me/${path}`, { token: who.token, headers })

/** A notification of each kind that has a photo, a comment or an album, `times` times. */
async function tellOfMuch(times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const photoId = await world.seedPhoto({ ownerId: owner.id })
    await world.like(ann, photoId)
    await world.comment(ann, photoId, `Fog, @${owner.username}`)
    await world.comment(ann, photoId, 'Mist.')
    await world.invite(ann, await world.album(ann), owner)
  }
  await world.write()
}

describe('the list of notifications', () => {
  it('pages from the latest to the end, whatever the size of pages', async () => {
    await tellOfMuch(3)
    const all = await world.told(owner)
    expect(all).toHaveLength(12)
    const times = all.map(({ createdAt }) => Date.parse(createdAt))
    expect(times).toEqual([...times].sort((a, b) => b - a))
    for (const limit of [1, 5]) expect(await world.told(owner, limit)).toEqual(all)
  })

  it('pages across notifications that were written at the same moment', async () => {
    const photos = []
    for (let n = 0; n < 7; n++) photos.push(await world.seedPhoto({ ownerId: owner.id }))
    for (const photoId of photos) await world.like(ann, photoId)
    const all = await world.told(owner)
    expect(new Set(all.map(({ createdAt }) => createdAt)).size).toBe(1)
    expect(await world.told(owner, 2)).toEqual(all)
  })

  it('takes as many statements for a hundred as for one', async () => {
    const spy = spyOnStatements(world.db)
    try {
      const statementsFor = async (limit: number) => {
        const requestId = `notifications-${limit}`
        const { body } = await get(owner, `notifications?limit=${limit}`, { 'X-Request-Id': requestId })
        expect(new Set(body.items.map(({ kind }: Json) => kind)).size).toBe(4)
        return spy.take(requestId).length
      }
      await tellOfMuch(1)
      const forFew = await statementsFor(4)
      await tellOfMuch(8)
      expect(await statementsFor(100)).toBe(forFew)
      expect(forFew).toBeLessThanOrEqual(5)
    } finally {
      spy.stop()
    }
  })

  it('refuses cursors of other accounts and lists', async () => {
    await tellOfMuch(1)
    await world.told(owner)
    const { nextCursor } = (await get(owner, 'notifications?limit=1')).body
    expect(nextCursor).not.toBeNull()
    for (const [who, path] of [
      [ann, 'notifications'],
      [owner, 'blocks'],
    ] as const) {
      const { status, body } = await get(who, `${path}?cursor=${nextCursor}`)
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'bad_cursor' })
    }
  })

  it('has the same ETag until something changes', async () => {
    await tellOfMuch(1)
    await world.told(owner)
    const { headers } = await get(owner, 'notifications')
    const again = await get(owner, 'notifications', { 'If-None-Match': headers.get('ETag')! })
    expect(again.status).toBe(304)
  })

  it('needs an account', async () => {
    for (const path of ['notifications', 'notifications/unread-count', 'notification-settings'])
      expect((await world.call('GET', `/v1/me/${path}`)).status).toBe(401)
  })
})

describe('marking as read', () => {
  it('marks what was written until then, once', async () => {
    await tellOfMuch(1)
    const earlier = await world.told(owner)
    await tellOfMuch(1)
    expect(await world.unread(owner)).toBe(8)
    await world.markRead(owner, earlier[0].createdAt)
    expect(await world.unread(owner)).toBe(4)
    const [first] = (await world.told(owner)).filter(({ readAt }) => readAt !== null)
    await world.markRead(owner, earlier[0].createdAt)
    expect((await world.told(owner)).find(({ id }) => id === first.id).readAt).toBe(first.readAt)
    expect((await world.told(ann)).every(({ readAt }) => readAt === null)).toBe(true)
  })

  it('takes any offset, and a time to come', async () => {
    await tellOfMuch(1)
    expect(await world.markRead(owner, '2000-01-01T00:00:00+02:00')).toBe(204)
    expect(await world.unread(owner)).toBe(4)
    expect(await world.markRead(owner, '2999-01-01T00:00:00Z')).toBe(204)
    expect(await world.unread(owner)).toBe(0)
  })

  it.each([
    [{}, 'body.upTo'],
    [{ upTo: 'yesterday' }, 'body.upTo'],
    [{ upTo: 93 }, 'body.upTo'],
    [{ upTo: '2026-03-09' }, 'body.upTo'],
    [{ upTo: '2026-03-09T19:45:00.000Z', all: true }, 'body.all'],
  ])('refuses %j', async (body, path) => {
    const answer = await world.call('PUT', '/v1/me/notifications/read', { token: owner.token, body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
  })
})
