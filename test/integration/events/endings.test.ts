import { afterEach, describe, expect, it } from 'vitest'
import { openEvents, openEventPublisher } from '../../../src/services/events/module.ts'
import type { StreamLimits } from '../../../src/services/events/streams.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import { openEventSource, type EventSource } from '../../support/event-source.ts'
import { measured } from '../../support/metrics.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
const sources: EventSource[] = []
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  for (const close of closing.splice(0)) await close()
  await world?.close()
})

/** A service whose streams have other limits. */
async function openWorld(limits: Partial<StreamLimits>, env: Record<string, string> = {}): Promise<void> {
  world = await openApiWorld(env)
  const { koa, clients } = world.api
  const { services } = koa.context as unknown as { services: Parameters<typeof openEvents>[1] }
  const { background, ...events } = openEvents(clients, services, limits)
  Object.assign(koa.context, { services: { ...services, ...events } })
  const over = new AbortController()
  const watching = background(over.signal)
  closing.push(() => {
    over.abort()
    return watching
  })
}

async function connect(person: Person, lastEventId?: string): Promise<EventSource> {
  const { body } = await world.call('POST', '/v1/events/tickets', { token: person.token })
  const source = await openEventSource(world.api.url, { ticket: body.ticket, lastEventId })
  sources.push(source)
  if (source.status === 200) await source.waitFor('ready')
  return source
}

const endings = (reason: string) => measured('darkroom_event_streams_ended_total', { reason })

describe('a stream ends', () => {
  it('within seconds of a sign-out, and that of no other device', async () => {
    await openWorld({ checkMs: 50 })
    const ann = await world.signUp()
    const other = await world.call('POST', '/v1/sessions', {
      body: { username: ann.username, password: ann.password },
    })
    const [here, there] = [await connect(ann), await connect({ ...ann, token: other.body.accessToken })]
    await world.call('DELETE', '/v1/sessions/current', { token: ann.token })
    expect(await here.ended).toBe('ended')
    expect(here.events.map(({ type }) => type)).toEqual(['ready'])
    await openEventPublisher(world.api.clients).events.publish(ann.id, { type: 'unread', data: { count: 1 } })
    await there.waitFor('unread')
    // The access token lives on for minutes, and opens nothing.
    const refused = await connect(ann)
    expect(refused.status).toBe(401)
  })

  it('when the account is suspended', async () => {
    await openWorld({ checkMs: 50 })
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const [source, bystander] = [await connect(ann), await connect(bob)]
    const before = await endings('session')
    await setAccountStatus(world.db, ann.id, 'suspended')
    expect(await source.ended).toBe('ended')
    const ticket = () => world.call('POST', '/v1/events/tickets', { token: ann.token })
    await expect.poll(async () => (await ticket()).status, { timeout: 5_000 }).toBe(403)
    expect(await endings('session')).toBe(before + 1)
    expect(await Promise.race([bystander.ended, Promise.resolve('open')])).toBe('open')
  })

  it('after its time, and its client goes on with a new ticket', async () => {
    await openWorld({ lifeMs: 400 })
    const ann = await world.signUp()
    const source = await connect(ann)
    const startedAt = performance.now()
    expect(await source.ended).toBe('ended')
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(source.events.map(({ type }) => type)).toEqual(['ready', 'renew'])
    await openEventPublisher(world.api.clients).events.publish(ann.id, { type: 'unread', data: { count: 1 } })
    await (await connect(ann, source.lastEventId)).waitFor('unread')
  })

  it('when its client does not read, with little kept for it', async () => {
    await openWorld({ checkMs: 50, slowMs: 300 })
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const [slow, reading] = [await connect(ann), await connect(bob)]
    const { events } = openEventPublisher(world.api.clients)
    const before = await endings('slow')
    slow.pause()
    // Far more than the connection takes: what is left waits in Redis, not here.
    const kind = 'x'.repeat(60_000)
    for (let n = 0; n < 150; n++) {
      await events.publish(ann.id, { type: 'notification', data: { id: String(n), kind } })
    }
    await expect.poll(() => endings('slow'), { timeout: 10_000 }).toBe(before + 1)
    slow.resume()
    expect(await slow.ended).toBe('cut off')
    expect(slow.events.length).toBeLessThan(150)
    await events.publish(bob.id, { type: 'unread', data: { count: 1 } })
    await reading.waitFor('unread')
  })

  it('at once when the process stops, which refuses others', async () => {
    world = await openApiWorld()
    const people = [await world.signUp(), await world.signUp()]
    const opened = await Promise.all(people.map((person) => connect(person)))
    const before = await endings('stopping')
    const startedAt = performance.now()
    await world.close()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    for (const source of opened) {
      expect(await source.ended).toBe('ended')
      expect(source.events.map(({ type }) => type)).toEqual(['ready', 'renew'])
    }
    expect(await endings('stopping')).toBe(before + 2)
    expect(await measured('darkroom_event_streams_open')).toBe(0)
  })
})

describe('an open stream', () => {
  it('gives signs of life while nothing happens', async () => {
    await openWorld({ quietMs: 50 })
    const source = await connect(await world.signUp())
    await expect.poll(() => source.comments).toBeGreaterThan(2)
    expect(source.events).toHaveLength(1)
  })

  it('is one of a few of its account, and of so many of the process', async () => {
    await openWorld({ perAccount: 2, perProcess: 3 })
    const [ann, bob, cleo] = [await world.signUp(), await world.signUp(), await world.signUp()]
    const [first] = [await connect(ann), await connect(ann)]
    expect(await problemOf(ann)).toMatchObject({ status: 429, code: 'rate_limited' })
    await connect(bob)
    expect(await problemOf(cleo)).toMatchObject({ status: 503, code: 'unavailable', retryAfter: '5' })
    first.close()
    await expect.poll(async () => (await connect(cleo)).status).toBe(200)
  })

  async function problemOf(person: Person) {
    const { body } = await world.call('POST', '/v1/events/tickets', { token: person.token })
    const { status, headers, body: problem } = await world.call('GET', `/v1/events?ticket=${body.ticket}`)
    return { status, code: problem.code, retryAfter: headers.get('Retry-After') }
  }

  it('leaves nothing behind when its client hangs up', async () => {
    await openWorld({ perAccount: 4 })
    const ann = await world.signUp()
    for (let round = 0; round < 5; round++) {
      const opened = await Promise.all(Array.from({ length: 4 }, () => connect(ann)))
      expect(opened.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      for (const source of opened) source.close()
      await expect.poll(() => measured('darkroom_event_streams_open')).toBe(0)
    }
    const { redis } = world.api.clients
    expect(await redis.call('PUBSUB', 'NUMSUB', `events:${ann.id}`)).toEqual([`events:${ann.id}`, 0])
  })
})
