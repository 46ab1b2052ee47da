import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openEventPublisher } from '../../../src/services/events/module.ts'
import type { EventPublisher } from '../../../src/services/events/publish.ts'
import { ticketKey } from '../../../src/services/events/tickets.ts'
import { openEventSource, type Connect, type EventSource } from '../../support/event-source.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let publisher: EventPublisher
const sources: EventSource[] = []

beforeAll(async () => {
  world = await openApiWorld({ CORS_ORIGINS: 'https://app.example' })
  publisher = openEventPublisher(world.api.clients).events
})
afterEach(() => {
  for (const source of sources.splice(0)) source.close()
})
afterAll(() => world?.close())

async function ticketOf(person: Person): Promise<string> {
  const { status, body } = await world.call('POST', '/v1/events/tickets', { token: person.token })
  expect(status).toBe(201)
  return body.ticket
}

async function connect(person: Person, options: Partial<Connect> = {}): Promise<EventSource> {
  const source = await openEventSource(world.api.url, { ticket: await ticketOf(person), ...options })
  sources.push(source)
  return source
}

const unread = (count: number) => ({ type: 'unread' as const, data: { count } })
const countsOf = (source: EventSource) =>
  source.events.filter(({ type }) => type === 'unread').map(({ data }) => (data as { count: number }).count)

describe('a stream', () => {
  it('brings what happens to its account, and nothing else', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const [first, second, other] = [await connect(ann), await connect(ann), await connect(bob)]
    expect(first.status).toBe(200)
    expect(first.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    await Promise.all([first, second, other].map((source) => source.waitFor('ready')))
    await publisher.publish(ann.id, { type: 'notification', data: { id: 'n1', kind: 'like' } })
    await publisher.publish(bob.id, unread(7))
    for (const source of [first, second]) {
      const [event] = await source.waitFor('notification')
      expect(event!.data).toEqual({ id: 'n1', kind: 'like' })
    }
    await other.waitFor('unread')
    expect(other.events.map(({ type }) => type)).toEqual(['ready', 'unread'])
    expect(first.events.map(({ type }) => type)).toEqual(['ready', 'notification'])
  })

  it('goes on after Last-Event-ID, in the header or the query', async () => {
    const ann = await world.signUp()
    const before = await connect(ann)
    await before.waitFor('ready')
    await publisher.publish(ann.id, unread(1))
    await before.waitFor('unread')
    before.close()
    for (const count of [2, 3]) await publisher.publish(ann.id, unread(count))
    const { lastEventId } = before
    const byHeader = await connect(ann, { lastEventId })
    const byQuery = await connect(ann, { ticket: `${await ticketOf(ann)}&lastEventId=${lastEventId}` })
    for (const source of [byHeader, byQuery]) {
      await source.waitFor('unread', 2)
      expect(countsOf(source)).toEqual([2, 3])
    }
    // The newer header goes before the query that a browser repeats.
    const both = await connect(ann, {
      ticket: `${await ticketOf(ann)}&lastEventId=${lastEventId}`,
      lastEventId: byHeader.lastEventId,
    })
    await both.waitFor('ready')
    await publisher.publish(ann.id, unread(4))
    await both.waitFor('unread')
    expect(countsOf(both)).toEqual([4])
  })

  it('goes on from its beginning if nothing had come', async () => {
    const ann = await world.signUp()
    const before = await connect(ann)
    const [ready] = await before.waitFor('ready')
    before.close()
    await publisher.publish(ann.id, unread(1))
    const after = await connect(ann, { lastEventId: ready!.id })
    await after.waitFor('unread')
    expect(after.events.map(({ type }) => type)).toEqual(['ready', 'unread'])
  })

  it('is told to reset when events after its position may be gone', async () => {
    const ann = await world.signUp()
    const before = await connect(ann)
    const [ready] = await before.waitFor('ready')
    before.close()
    await before.ended
    // More than the log keeps.
    for (let count = 0; count < 400; count += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => publisher.publish(ann.id, unread(count + n))))
    }
    const after = await connect(ann, { lastEventId: ready!.id })
    const [reset] = await after.waitFor('reset')
    expect(after.events).toHaveLength(1)
    await publisher.publish(ann.id, unread(1_000))
    await after.waitFor('unread')
    expect(countsOf(after)).toEqual([1_000])
    // The reset's own id is a position too.
    const again = await connect(ann, { lastEventId: reset!.id })
    await again.waitFor('unread')
    expect(countsOf(again)).toEqual([1_000])

    await world.api.clients.redis.del(`events:${ann.id}`)
    const afterExpiry = await connect(ann, { lastEventId: again.lastEventId })
    await afterExpiry.waitFor('reset')
  })

  it('can be read by a page of another origin', async () => {
    const ann = await world.signUp()
    const allowed = await connect(ann, { headers: { Origin: 'https://app.example' } })
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example')
    const foreign = await connect(ann, { headers: { Origin: 'https://evil.example' } })
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('a ticket', () => {
  const stream = (query: string, headers: Record<string, string> = {}) =>
    world.call('GET', `/v1/events${query}`, { headers })

  it('is needed, and good for one stream', async () => {
    const ann = await world.signUp()
    expect(await stream('')).toMatchObject({
      status: 422,
      body: { code: 'invalid', errors: [{ path: 'query.ticket' }] },
    })
    const ticket = await ticketOf(ann)
    const source = await connect(ann, { ticket })
    expect(source.status).toBe(200)
    for (const bad of [ticket, 'x', 'A'.repeat(43), await usedByMany(ann)]) {
      const refused = await stream(`?ticket=${bad}`)
      expect(refused).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated', errors: [{ path: 'query.ticket' }] },
      })
    }
    // It is in the URL, so the log must not hold that.
    expect(world.logLines.join('')).not.toContain(ticket)
    // An access token does not stand in for one, and no account gets one without.
    expect((await world.call('GET', '/v1/events', { token: ann.token })).status).toBe(422)
    expect((await world.call('POST', '/v1/events/tickets')).status).toBe(401)
  })

  async function usedByMany(person: Person): Promise<string> {
    const ticket = await ticketOf(person)
    const opened = await Promise.all(Array.from({ length: 8 }, () => connect(person, { ticket })))
    expect(opened.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401, 401, 401])
    return ticket
  }

  it('expires after 30 seconds', async () => {
    const ann = await world.signUp()
    const { body } = await world.call('POST', '/v1/events/tickets', { token: ann.token })
    expect(body.expiresIn).toBe(30)
    const { redis } = world.api.clients
    const key = ticketKey(body.ticket)
    const left = await redis.pttl(key)
    expect(left).toBeGreaterThan(28_000)
    expect(left).toBeLessThanOrEqual(30_000)
    // Redis keeps its digest alone.
    expect(key + (await redis.get(key))).not.toContain(body.ticket)
    await redis.pexpire(key, 1)
    await expect.poll(() => redis.exists(key)).toBe(0)
    expect((await stream(`?ticket=${body.ticket}`)).status).toBe(401)
  })

  it('is not taken by a HEAD', async () => {
    const ann = await world.signUp()
    const ticket = await ticketOf(ann)
    const refused = await fetch(`${world.api.url}/v1/events?ticket=${ticket}`, { method: 'HEAD' })
    expect(refused.status).toBe(405)
    expect(refused.headers.get('Allow')).toBe('GET')
    expect((await connect(ann, { ticket })).status).toBe(200)
  })

  it('opens nothing with the event id of another account', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const source = await connect(ann)
    await source.waitFor('ready')
    const id = source.lastEventId
    const flipped = id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A')
    for (const bad of [id, flipped, '1-0', 'x'.repeat(512)]) {
      for (const [path, headers, query] of [
        ['header.Last-Event-ID', { 'Last-Event-ID': bad }, ''],
        ['query.lastEventId', {}, `&lastEventId=${bad}`],
      ] as const) {
        const refused = await stream(`?ticket=${await ticketOf(bob)}${query}`, headers)
        expect(refused).toMatchObject({ status: 400, body: { code: 'bad_cursor', errors: [{ path }] } })
      }
    }
    expect(await world.api.clients.redis.exists(`events:${bob.id}`)).toBe(0)
  })
})
