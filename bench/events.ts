import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { loadConfig } from '../src/config/config.ts'
import type { UserId } from '../src/domain/ids.ts'
import { createEventLogs } from '../src/infra/redis/event-logs.ts'
import { createAccessTokens } from '../src/services/accounts/access-tokens.ts'
import { createEventPublisher } from '../src/services/events/publish.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { startBenchService, type BenchService } from './service.ts'
import { percentile } from './statistics.ts'

const streamsOf = { full: 2_000, quick: 200 }
/** Opened and closed first: what a process loads once is not memory of its streams. */
const warmUpStreams = 100
/** Then so many tickets that nobody uses: what the garbage of requests takes is not either. */
const warmUpTickets = 4_000
const openingAtOnce = 16
const publishedPerSecond = 500
const idleMs = 4_000
const refusedPauseMs = 1_000
const bytesPerMiB = 1024 ** 2

export const events: Benchmark = {
  name: 'events',
  summary:
    'One API process holds a stream of live events for each of many accounts; each account is sent events.',
  open,
}

interface Account {
  userId: UserId
  token: string
}

/** A process that holds streams, started for one round. */
interface Holder {
  /** Opens a stream; resolves when it is ready. */
  connect(account: Account): Promise<Received>
  /** A request that opens no stream. */
  ask(account: Account): Promise<unknown>
  publish(account: Account, count: number): Promise<unknown>
  residentBytes(): Promise<number>
  cpuSeconds(): Promise<number>
  stop(): Promise<unknown>
}

/** The client's end of a stream. */
interface Received {
  /** When each event arrived, by its number; of performance.now(). */
  at: Map<number, number>
  /** How often the process refused it as unavailable. */
  refusals: number
  call: ClientRequest
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const count = quick ? streamsOf.quick : streamsOf.full
  const service = await startBenchService()
  try {
    const accounts = await insertAccounts(service, count)
    const missed: Record<string, number> = {}
    const measured = (name: string, start: () => Promise<Holder>) => async () => {
      const { lost, ...sample } = await measure(await start(), accounts)
      missed[name] = (missed[name] ?? 0) + lost
      return sample
    }
    return {
      conditions: {
        streams: `${count.toLocaleString('en')}, each of an account and on a connection of its own; a fresh process each round, which has answered 4,000 requests`,
        events: `one for each account, ${publishedPerSecond} a second; then one for each at once`,
        load: 'from the process of the benchmark, on the same cores as all servers',
      },
      contenders: [
        {
          name: 'darkroom',
          setting: 'POST /v1/events/tickets, GET /v1/events; published as a worker does',
          measure: measured('darkroom', () => startDarkroom(service)),
        },
        {
          name: 'bare',
          setting: 'node:http, a Redis subscription for each account, nothing else',
          measure: measured('bare', () => startBare(service)),
        },
      ],
      comparisons: [
        ...figures('MiB more resident with all streams open', 'memoryMiB', { of: 'value', atMost: 100 }),
        ...figures('streams opened a second', 'openedPerSecond'),
        ...figures('ms from publication to the client, p50', 'p50'),
        ...figures('ms from publication to the client, p99', 'p99', { of: 'value', atMost: 250 }),
        ...figures('ms until all have one published at once', 'burstMs'),
        { figure: 'refusals', unit: 'streams refused at first, the machine being busy', ours: 'darkroom' },
        ...figures('CPU-ms a second with nothing to send', 'idleCpuMs'),
      ],
      verify: () =>
        Promise.resolve(
          Object.entries(missed).map(([name, lost]): Finding => ({
            what: `events that ${name} lost or repeated`,
            value: String(lost),
            holds: lost === 0,
          })),
        ),
      close: () => service.stop(),
    }
  } catch (error) {
    await service.stop()
    throw error
  }
}

function figures(unit: string, figure: string, goal?: { of: 'value'; atMost: number }) {
  return [{ figure, unit, ours: 'darkroom', reference: 'bare', ...(goal && { goal }) }]
}

/** Accounts with a session each, and the access token of it. */
async function insertAccounts({ admin, instance }: BenchService, count: number): Promise<Account[]> {
  const { rows } = await admin.query<{ user_id: UserId; session_id: string }>(
    `WITH made AS (
       INSERT INTO users (username, password_hash) SELECT 'listener' || i, 'none' FROM generate_series(1, $1::integer) i
       RETURNING user_id)
     INSERT INTO sessions (session_id, user_id, expires_at)
     SELECT gen_random_uuid(), user_id, now() + interval '1 day' FROM made RETURNING user_id, session_id`,
    [count],
  )
  const tokens = createAccessTokens({ keys: loadConfig(instance.env).jwtKeys, lifetimeSeconds: 86_400 })
  return Promise.all(
    rows.map(async ({ user_id: userId, session_id: sessionId }) => {
      const { accessToken } = await tokens.issue({ userId, sessionId })
      return { userId, token: accessToken }
    }),
  )
}

async function measure(holder: Holder, accounts: readonly Account[]): Promise<Sample & { lost: number }> {
  try {
    const warmUp = await connectAll(holder, accounts.slice(0, warmUpStreams))
    for (const { call } of warmUp) call.destroy()
    for (let asked = 0; asked < warmUpTickets; asked += accounts.length)
      await forEach(accounts, (account) => holder.ask(account))
    await sleep(1_000)
    const before = await holder.residentBytes()
    const startedAt = performance.now()
    const streams = await connectAll(holder, accounts)
    const openedPerSecond = (accounts.length / (performance.now() - startedAt)) * 1000
    const sentAt = await publishSteadily(holder, accounts)
    await until(() => streams.every(({ at }) => at.has(1)))
    const took = streams.map(({ at }, place) => at.get(1)! - sentAt[place]!)
    const burstAt = performance.now()
    await Promise.all(accounts.map((account) => holder.publish(account, 2)))
    await until(() => streams.every(({ at }) => at.has(2)))
    const burstMs = Math.max(...streams.map(({ at }) => at.get(2)!)) - burstAt
    const memoryMiB = ((await holder.residentBytes()) - before) / bytesPerMiB
    const cpuBefore = await holder.cpuSeconds()
    await sleep(idleMs)
    const idleCpuMs = (((await holder.cpuSeconds()) - cpuBefore) * 1000) / (idleMs / 1000)
    for (const { call } of streams) call.destroy()
    return {
      memoryMiB,
      openedPerSecond,
      p50: percentile(took, 0.5),
      p99: percentile(took, 0.99),
      burstMs,
      idleCpuMs,
      refusals: streams.reduce((sum, { refusals }) => sum + refusals, 0),
      lost: streams.filter(({ at }) => at.size !== 2).length,
    }
  } finally {
    await holder.stop()
  }
}

async function connectAll(holder: Holder, accounts: readonly Account[]): Promise<Received[]> {
  const streams: Received[] = []
  await forEach(accounts, async (account, place) => (streams[place] = await holder.connect(account)))
  return streams
}

async function forEach(
  accounts: readonly Account[],
  work: (account: Account, place: number) => Promise<unknown>,
): Promise<void> {
  const rest = accounts.entries()
  await Promise.all(
    Array.from({ length: openingAtOnce }, async () => {
      for (const [place, account] of rest) await work(account, place)
    }),
  )
}

/** One event for each account, evenly spaced. @returns when each was published */
async function publishSteadily(holder: Holder, accounts: readonly Account[]): Promise<number[]> {
  const startedAt = performance.now()
  const sentAt: number[] = []
  const publishing: Promise<unknown>[] = []
  for (const [place, account] of accounts.entries()) {
    const dueAt = startedAt + (place * 1000) / publishedPerSecond
    await sleep(Math.max(0, dueAt - performance.now()))
    sentAt[place] = performance.now()
    publishing.push(holder.publish(account, 1))
  }
  await Promise.all(publishing)
  return sentAt
}

/** Waits at most 10 s: what has not arrived by then is lost. */
async function until(holds: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !holds() && performance.now() < deadline;) await sleep(5)
}

async function startDarkroom({ app, redis }: BenchService): Promise<Holder> {
  await app.terminate('api')
  await app.start('api')
  const agent = new Agent({ keepAlive: true, maxSockets: openingAtOnce })
  const publisher = createEventPublisher(createEventLogs(redis))
  const ask = ({ token }: Account) =>
    send(`${app.url}/v1/events/tickets`, {
      method: 'POST',
      agent,
      headers: { authorization: `Bearer ${token}` },
    })
  const metric = async (name: string) => {
    const text = await (await fetch(`${app.url}/metrics`)).text()
    return Number(new RegExp(`^darkroom_api_process_${name} (.+)$`, 'm').exec(text)![1])
  }
  return {
    async connect(account) {
      // As a client does: one that is refused because the machine is busy comes again.
      for (let refusals = 0; ; refusals++) {
        const { status, body } = await ask(account)
        const opened =
          status === 503
            ? 'unavailable'
            : await stream(`${app.url}/v1/events?ticket=${(JSON.parse(body) as { ticket: string }).ticket}`)
        if (opened !== 'unavailable') return { ...opened, refusals }
        await sleep(refusedPauseMs)
      }
    },
    ask,
    publish: ({ userId }, count) => publisher.publish(userId, { type: 'unread', data: { count } }),
    residentBytes: () => metric('resident_memory_bytes'),
    cpuSeconds: () => metric('cpu_seconds_total'),
    // The process goes on until the next round.
    stop: () => Promise.resolve(agent.destroy()),
  }
}

async function startBare({ instance, redis }: BenchService): Promise<Holder> {
  const port = await getPort({ host: '127.0.0.1' })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-stream-server.ts')], {
    env: { ...process.env, ...instance.env, BARE_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const url = `http://127.0.0.1:${port}`
  const figures = async () => (await fetch(`${url}/memory`)).json() as Promise<{ rss: number; cpu: number }>
  return {
    async connect({ userId }) {
      const opened = await stream(`${url}/stream/${userId}`)
      if (opened === 'unavailable') throw new Error('The reference refused a stream')
      return opened
    },
    ask: figures,
    publish: ({ userId }, count) => redis.publish(`bare/stream/${userId}`, JSON.stringify({ count })),
    residentBytes: async () => (await figures()).rss,
    cpuSeconds: async () => (await figures()).cpu,
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** @throws unless the answer is a 2xx or 503 */
async function send(url: string, options: object): Promise<{ status: number; body: string }> {
  const call = request(url, options)
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let body = ''
  response.setEncoding('utf8')
  for await (const chunk of response) body += String(chunk)
  const status = response.statusCode!
  if (status >= 300 && status !== 503) throw new Error(`${url} answered ${status}: ${body}`)
  return { status, body }
}

/** Opens a stream, and notes when each event of it arrives. */
async function stream(url: string): Promise<Received | 'unavailable'> {
  const call = request(url, { agent: false })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  call.on('error', () => undefined)
  response.on('error', () => undefined)
  if (response.statusCode === 503) {
    call.destroy()
    return 'unavailable'
  }
  const received: Received = { at: new Map(), call, refusals: 0 }
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    if (chunk.includes('event: ready')) resolve()
    for (const [, number] of chunk.matchAll(/"count":(\d+)/g)) {
      // A repeated one makes the count wrong.
      const key = Number(number)
      received.at.set(received.at.has(key) ? -key : key, performance.now())
    }
  })
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
  await ready
  return received
}
