import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { openClients, type Clients } from '../../../src/services/clients.ts'
import { openEventPublisher } from '../../../src/services/events/module.ts'
import type { EventPublisher } from '../../../src/services/events/publish.ts'
import { pino } from 'pino'
import { openEventSource, type EventSource } from '../../support/event-source.ts'
import { startApp, type App } from '../../support/servers/app-processes.ts'

/** Two API processes, and a third that publishes, as a worker does. */
let apps: App[]
let worker: Clients
let publisher: EventPublisher
const sources: EventSource[] = []

beforeAll(async () => {
  const start = () => startApp({ storageEvents: false, processes: ['api'] })
  apps = [await start(), await start()]
  worker = await openClients(loadConfig(), pino({ level: 'silent' }), {
    applicationName: 'tests',
    readsReplica: false,
  })
  publisher = openEventPublisher(worker).events
})
afterEach(() => {
  for (const source of sources.splice(0)) source.close()
})
afterAll(async () => {
  await worker?.close()
  await Promise.all((apps ?? []).map((app) => app.stop()))
})

interface Person {
  id: string
  token: string
}

async function signUp(): Promise<Person> {
  const username = `u${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`
  const { user, accessToken } = await post(apps[0]!, '/v1/users', { username, password: 'a long password' })
  return { id: user.id, token: accessToken }
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- asserted by the tests */
async function post(app: App, path: string, body?: object, token?: string): Promise<any> {
  const answer = await fetch(app.url + path, {
    method: 'POST',
    headers: {
      ...(body ? { 'Content-Type': 'application/json' } : {}),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  expect(answer.status).toBe(201)
  return answer.json()
}

/** The ticket comes from one process and opens a stream on the other. */
async function connect({ token }: Person, place: number, lastEventId?: string): Promise<EventSource> {
  const { ticket } = await post(apps[1 - place]!, '/v1/events/tickets', undefined, token)
  const source = await openEventSource(apps[place]!.url, { ticket, lastEventId })
  expect(source.status).toBe(200)
  sources.push(source)
  return source
}

const countsOf = ({ events }: EventSource) =>
  events.filter(({ type }) => type === 'unread').map(({ data }) => (data as { count: number }).count)
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

describe('of two processes', () => {
  it('each brings every event, wherever its ticket came from', async () => {
    const ann = await signUp()
    const both = [await connect(ann, 0), await connect(ann, 1)]
    await Promise.all(both.map((source) => source.waitFor('ready')))
    for (const count of upTo(20)) await publisher.publish(ann.id, { type: 'unread', data: { count } })
    for (const source of both) {
      await source.waitFor('unread', 20)
      expect(countsOf(source)).toEqual(upTo(20))
    }
  })

  it('either goes on where the other was, while events are published', async () => {
    const ann = await signUp()
    const [rounds, perRound] = [30, 20]
    const received: number[] = []
    let source = await connect(ann, 0)
    let published = 0
    async function publishSome(): Promise<void> {
      for (let n = 0; n < perRound; n++) {
        await publisher.publish(ann.id, { type: 'unread', data: { count: ++published } })
      }
    }
    for (let round = 1; round <= rounds; round++) {
      const publishing = publishSome()
      // Somewhere in the middle of what is being published, or of what was missed.
      await source.waitFor('unread', 1 + (round % perRound))
      source.close()
      await source.ended
      received.push(...countsOf(source))
      source = await connect(ann, round % 2, source.lastEventId)
      await publishing
    }
    await expect.poll(() => countsOf(source).at(-1) ?? received.at(-1)).toBe(published)
    received.push(...countsOf(source))
    expect(received).toEqual(upTo(rounds * perRound))
  })

  it('one that is killed or told to stop loses nothing', async () => {
    const ann = await signUp()
    const first = await connect(ann, 0)
    await first.waitFor('ready')
    await publisher.publish(ann.id, { type: 'unread', data: { count: 1 } })
    await first.waitFor('unread')
    await apps[0]!.kill('api')
    expect(await first.ended).toBe('cut off')
    await publisher.publish(ann.id, { type: 'unread', data: { count: 2 } })
    await apps[0]!.start('api')
    const second = await connect(ann, 1, first.lastEventId)
    await second.waitFor('unread')
    expect(countsOf(second)).toEqual([2])

    const startedAt = performance.now()
    const stopped = apps[1]!.terminate('api')
    expect(await second.ended).toBe('ended')
    await second.waitFor('renew')
    await publisher.publish(ann.id, { type: 'unread', data: { count: 3 } })
    expect(await stopped).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    await apps[1]!.start('api')
    const third = await connect(ann, 0, second.lastEventId)
    await third.waitFor('unread')
    expect(countsOf(third)).toEqual([3])
  })
})
