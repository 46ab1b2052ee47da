import { afterEach, describe, expect, it } from 'vitest'
import { createEventLogs, eventLogKey } from '../../../src/infra/redis/event-logs.ts'
import { openEventPublisher } from '../../../src/services/events/module.ts'
import { STREAM_LIMITS } from '../../../src/services/events/streams.ts'
import { openEventSource, type EventSource } from '../../support/event-source.ts'
import { startCluster } from '../../support/servers/private-valkey-cluster.ts'
import { startValkey, valkeyServerPath } from '../../support/servers/private-valkey.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
const sources: EventSource[] = []
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const source of sources.splice(0)) source.close()
  await world?.close()
  for (const close of closing.splice(0)) await close()
})

async function onServer() {
  const server = await startValkey()
  closing.push(() => server.close())
  world = await openApiWorld({ REDIS_URL: `redis://127.0.0.1:${server.port}` })
  await expect.poll(() => world.api.clients.redis.status).toBe('ready')
  return server
}

const ask = (person: Person) => world.call('POST', '/v1/events/tickets', { token: person.token })

async function connect(person: Person, lastEventId?: string): Promise<EventSource> {
  const { body } = await ask(person)
  const source = await openEventSource(world.api.url, { ticket: body.ticket, lastEventId })
  sources.push(source)
  expect(source.status).toBe(200)
  return source
}

const publish = (person: Person, count: number) =>
  openEventPublisher(world.api.clients).events.publish(person.id, { type: 'unread', data: { count } })

/** As a workflow does: until it has succeeded. */
async function publishUntilDone(person: Person, count: number): Promise<void> {
  await expect
    .poll(
      () =>
        publish(person, count).then(
          () => true,
          () => false,
        ),
      PATIENCE,
    )
    .toBe(true)
}

const countsOf = ({ events }: EventSource) =>
  events.filter(({ type }) => type === 'unread').map(({ data }) => (data as { count: number }).count)

const PATIENCE = { timeout: 20_000 }

describe.skipIf(!valkeyServerPath)('with Redis', () => {
  it('silent for a while, streams stay open and bring everything later', async () => {
    const server = await onServer()
    const ann = await world.signUp()
    const source = await connect(ann)
    await source.waitFor('ready')
    await publish(ann, 1)
    await source.waitFor('unread')
    server.freeze()
    const refused = await ask(ann)
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    // Sent, and served by the server when it is back.
    const late = publish(ann, 2).catch(() => undefined)
    await late
    server.thaw()
    await source.waitFor('unread', 2)
    await publishUntilDone(ann, 3)
    await expect.poll(() => countsOf(source).at(-1), PATIENCE).toBe(3)
    expect(countsOf(source)).toEqual([1, 2, 3])
  })

  it('killed and back without its data, streams say reset and go on', async () => {
    const server = await onServer()
    const ann = await world.signUp()
    const source = await connect(ann)
    await source.waitFor('ready')
    await publish(ann, 1)
    await source.waitFor('unread')
    await server.kill()
    expect((await ask(ann)).status).toBe(503)
    await expect(publish(ann, 2)).rejects.toThrow()
    await server.restart()
    await source.waitFor('reset')
    await publishUntilDone(ann, 3)
    await expect.poll(() => countsOf(source), PATIENCE).toEqual([1, 3])
    // A position of the time before is not mistaken for one of today.
    const before = source.events.find(({ type }) => type === 'unread')!
    const again = await connect(ann, before.id)
    await again.waitFor('reset')
  })

  it('that begins a log anew in the same millisecond, places are unknown', async () => {
    await onServer()
    const { redis } = world.api.clients
    const ann = await world.signUp()
    const key = eventLogKey(ann.id)
    const logs = createEventLogs(redis)
    await logs.read(ann.id, undefined, 0)
    await publish(ann, 1)
    const before = await redis.xrange(key, '-', '+')
    const { position } = await logs.read(ann.id, undefined, 0)
    await redis.del(key)
    // A log with the ids of the first one, of which the second is another event.
    const [, base] = before[0]!
    await redis.xadd(key, before[0]![0], ...base.with(base.indexOf('log') + 1, 'another'))
    const [, event] = before[1]!
    await redis.xadd(key, before[1]![0], ...event.with(event.indexOf('log') + 1, 'another'))
    expect(await logs.read(ann.id, position, 10)).toMatchObject({ known: false, entries: [] })
  })

  it('without the subscriber for a moment, no event waits for the next look', async () => {
    const server = await onServer()
    const ann = await world.signUp()
    const source = await connect(ann)
    await source.waitFor('ready')
    await publish(ann, 1)
    await source.waitFor('unread')
    expect(await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1)
    const startedAt = performance.now()
    await publish(ann, 2)
    await source.waitFor('unread', 2)
    expect(performance.now() - startedAt).toBeLessThan(STREAM_LIMITS.quietMs / 2)
    expect(countsOf(source)).toEqual([1, 2])
  })

  it('as a cluster, a failover loses nothing unnoticed', async () => {
    const cluster = await startCluster(3)
    closing.push(() => cluster.close())
    world = await openApiWorld({ REDIS_URL: cluster.url })
    await expect.poll(() => world.api.clients.redis.status).toBe('ready')
    const people = await Promise.all(Array.from({ length: 6 }, () => world.signUp()))
    const opened = await Promise.all(people.map((person) => connect(person)))
    await Promise.all(opened.map((source) => source.waitFor('ready')))
    // The first may come before the process has subscribed at every node, and is then found by a look at the log.
    for (const person of people) await publish(person, 0)
    await expect
      .poll(() => opened.every((source) => countsOf(source).includes(0)), {
        timeout: 2 * STREAM_LIMITS.quietMs,
      })
      .toBe(true)
    const startedAt = performance.now()
    for (const person of people) await publish(person, 1)
    for (const source of opened) await source.waitFor('unread', 2)
    expect(performance.now() - startedAt).toBeLessThan(STREAM_LIMITS.quietMs / 2)

    const ann = people[0]!
    const master = await cluster.masterOf(`events:${ann.id}`)
    const replica = await cluster.addReplica(master)
    await master.kill()
    await replica.admin.cluster('FAILOVER', 'TAKEOVER')
    await publishUntilDone(ann, 2)
    await opened[0]!.waitFor('reset')
    await publishUntilDone(ann, 3)
    await expect.poll(() => countsOf(opened[0]!).at(-1), PATIENCE).toBe(3)
  })
})
