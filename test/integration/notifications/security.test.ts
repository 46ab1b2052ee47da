import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { oweNotification } from '../../../src/services/delivery/notification-events.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

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

const makeToken = ({ token }: Person, name = 'A program') =>
  world.call('POST', '/v1/me/tokens', { token, body: { name, scopes: ['read'] } })
const changePassword = ({ token, password }: Person, newPassword: string) =>
  world.call('PUT', '/v1/me/password', { token, body: { currentPassword: password, newPassword } })
const brief = (items: Json[]) => items.map((item) => [item.kind, item.actors, item.actorCount])
const rowsOf = async (table: 'security_events' | 'notification_events', userId: string) => {
  const column = table === 'security_events' ? 'user_id' : 'recipient_id'
  const rows = await world.db.primary({
    text: `SELECT FROM ${table} WHERE ${column} = $1`,
    values: [userId],
  })
  return rows.length
}

describe('a security event', () => {
  it('is told to its account, and to nobody else', async () => {
    await makeToken(owner)
    expect(brief(await world.told(owner))).toEqual([['security', [], 1]])
    expect(await world.unread(owner)).toBe(1)
    expect(await world.told(ann)).toEqual([])
  })

  it('joins the others until they are read, and begins another one', async () => {
    await makeToken(owner)
    expect((await changePassword(owner, `${randomUUID()} lenses`)).status).toBe(204)
    const [told] = await world.told(owner)
    expect(brief([told])).toEqual([['security', [], 2]])
    await world.markRead(owner, told.createdAt)
    await makeToken(owner, 'Another one')
    expect(brief(await world.told(owner))).toEqual([
      ['security', [], 1],
      ['security', [], 2],
    ])
  })

  it('is told whatever else is turned off', async () => {
    await world.setting(owner, { security: { inApp: true, push: true }, like: { inApp: false } })
    await makeToken(owner)
    expect(await world.told(owner)).toHaveLength(1)
  })

  it('cannot be turned off by the database either', async () => {
    const turnOff = world.db.primary({
      text: `INSERT INTO notification_settings (user_id, kind, in_app) VALUES ($1, 'security', false)`,
      values: [owner.id],
    })
    await expect(turnOff).rejects.toThrow('notification_settings_security_check')
  })

  it('is recorded with what it owes, or not at all', async () => {
    const same = await changePassword(owner, owner.password)
    expect(same.status).toBe(422)
    expect(await rowsOf('security_events', owner.id)).toBe(0)
    expect(await rowsOf('notification_events', owner.id)).toBe(0)
    await makeToken(owner)
    expect(await rowsOf('security_events', owner.id)).toBe(1)
    expect(await rowsOf('notification_events', owner.id)).toBe(1)
  })

  it('of another account is not told of', async () => {
    await makeToken(ann)
    const [event] = await world.db.primary<{ id: string }>({
      text: 'SELECT security_event_id AS id FROM security_events WHERE user_id = $1',
      values: [ann.id],
    })
    await world.db.transaction((tx) =>
      oweNotification(tx, { recipientId: owner.id, kind: 'security', actorId: null, itemId: event!.id }),
    )
    expect(await world.told(owner)).toEqual([])
  })
})
