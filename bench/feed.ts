import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import getPort from 'get-port'
import type { UserId } from '../src/domain/ids.ts'
import { createFeedHeads, headKey } from '../src/infra/redis/feed-heads.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { saturate, sendSteadily, type Target } from './load.ts'
import { startTreeCpuMeter } from './machine.ts'
import { seededRandom } from './photo.ts'
import { startBenchService, type BenchService } from './service.ts'
import { seedGraph, type Graph } from './social-graph.ts'
import { median, percentile } from './statistics.ts'
import { issueTokens } from './tokens.ts'

const sizes = {
  full: { users: 6_000, following: 150, photosPerUser: 20, readers: 2_000, seconds: 8, coldReads: 20 },
  quick: { users: 600, following: 50, photosPerUser: 5, readers: 100, seconds: 2, coldReads: 3 },
}
/** How many accounts the readers of the cold reads follow. */
const followings = { full: [100, 1_000, 5_000], quick: [20, 100, 500] }
const CONNECTIONS = 16
const RANGE_READS = 2_000
const WARMING_AT_ONCE = 4

export const feed: Benchmark = {
  name: 'feed',
  summary:
    'GET /v1/feed, 20 photos: JWT, rate limit, warm head, rights and content on the replica, presentation.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const size = quick ? sizes.quick : sizes.full
  const service = await startBenchService()
  let bare: BareServer | undefined
  try {
    const graph = await seedGraph(service, { ...size, lists: quick ? followings.quick : followings.full })
    bare = await startBareServer(service)
    return await describe(service, graph, bare, size)
  } catch (error) {
    bare?.process.kill()
    await service.stop()
    throw error
  }
}

async function describe(
  service: BenchService,
  graph: Graph,
  bare: BareServer,
  size: (typeof sizes)['full'],
): Promise<Trial> {
  const { app } = service
  const readers = graph.userIds.slice(0, size.readers)
  const tokens = await issueTokens(service.instance.env, [
    ...readers,
    ...graph.collectors.map(({ userId }) => userId),
  ])
  const bodies = new Map<UserId, Buffer>()
  await forEach(readers, WARMING_AT_ONCE, async (userId) => {
    await readFeed(app.url, tokens.get(userId)!)
    const body = await readFeed(app.url, tokens.get(userId)!)
    bodies.set(userId, body)
    await fetch(`${bare.url}/feed/${userId}`, { method: 'PUT', body })
    const answer = await fetch(`${bare.url}/feed/${userId}`)
    if (answer.status !== 200) throw new Error(`The bare server: ${await answer.text()}`)
  })
  await service.settle()

  const pick = zipf(readers)
  const ours = (): Target => {
    return { path: '/v1/feed', headers: { authorization: `Bearer ${tokens.get(pick())!}` } }
  }
  const closedLoop = async (url: string, next: () => Target): Promise<Sample> => {
    const cpuSeconds = startTreeCpuMeter()
    const { requestsPerSecond, requests } = await saturate(url, next, {
      connections: CONNECTIONS,
      seconds: size.seconds,
    })
    return { requestsPerSecond, cpuMs: (cpuSeconds() / requests) * 1000 }
  }
  return {
    conditions: {
      data:
        `${graph.userIds.length.toLocaleString('en')} users, each following ${size.following} of them and having ` +
        `${size.photosPerUser} photos of 4 variants; ${readers.length.toLocaleString('en')} readers with warm heads, by Zipf (s = 1)`,
      load: `${CONNECTIONS} connections from the process of the benchmark, on the same cores as all servers; one process of each contender`,
    },
    contenders: [
      {
        name: 'darkroom',
        setting:
          'GET /v1/feed as anyone gets it; then open loop at half of that rate; then cold reads, one at a time',
        measure: async () => {
          const saturation = await closedLoop(app.url, ours)
          const half = saturation.requestsPerSecond! / 2
          const signal = AbortSignal.timeout(size.seconds * 1000)
          const answers = await sendSteadily(app.url, ours, { perSecond: half, signal }, () => undefined)
          const times = answers.map(({ ms }) => ms)
          return {
            ...saturation,
            halfP50: median(times),
            halfP99: percentile(times, 0.99),
            rangeP50: await rangeP50(service, readers),
            ...(await coldReads(service, graph, tokens, size.coldReads)),
          }
        },
      },
      {
        name: 'bare',
        setting:
          'node:http, the same script call and prepared statement on the same servers, the same bytes from memory',
        measure: () => closedLoop(bare.url, () => ({ path: `/feed/${pick()}`, headers: {} })),
      },
      {
        name: 'bare, Redis alone',
        setting: 'the same without the statement',
        measure: () => closedLoop(bare.url, () => ({ path: `/head/${pick()}`, headers: {} })),
      },
    ],
    comparisons: [
      {
        figure: 'requestsPerSecond',
        unit: 'requests/s at saturation',
        ours: 'darkroom',
        reference: 'bare',
        goal: { of: 'ratio', atLeast: 0.6 },
      },
      {
        figure: 'requestsPerSecond',
        unit: 'requests/s at saturation',
        ours: 'darkroom',
        reference: 'bare, Redis alone',
      },
      { figure: 'cpuMs', unit: 'CPU-ms a request, generator included', ours: 'darkroom', reference: 'bare' },
      { figure: 'halfP50', unit: 'ms at half of saturation, p50', ours: 'darkroom' },
      {
        figure: 'halfP99',
        unit: 'ms at half of saturation, p99',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 50 },
      },
      {
        figure: 'rangeP50',
        unit: 'ms, slice of a head from Redis, p50',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 1 },
      },
      ...graph.collectors.map(({ following }) => ({
        figure: coldAt(following),
        unit: `ms, cold read, following ${following.toLocaleString('en')}`,
        ours: 'darkroom',
      })),
    ],
    verify: () => verify(service, tokens, bodies),
    async close() {
      bare.process.kill()
      await service.stop()
    },
  }
}

const coldAt = (following: number) => `coldMs${following}`

/** The reader of rank r is `1 / r` times as frequent as the first. */
function zipf(readers: readonly UserId[]): () => UserId {
  const random = seededRandom(7)
  const sums: number[] = []
  readers.forEach((_, rank) => sums.push((sums.at(-1) ?? 0) + 1 / (rank + 1)))
  return () => {
    const at = random() * sums.at(-1)!
    let [low, high] = [0, sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle]! < at) low = middle + 1
      else high = middle
    }
    return readers[low]!
  }
}

async function readFeed(url: string, token: string): Promise<Buffer> {
  const response = await fetch(`${url}/v1/feed`, { headers: { authorization: `Bearer ${token}` } })
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`GET /v1/feed answered ${response.status}: ${body.toString()}`)
  return body
}

async function rangeP50({ redis }: BenchService, readers: readonly UserId[]): Promise<number> {
  const heads = createFeedHeads(redis)
  const times: number[] = []
  for (let i = 0; i < RANGE_READS; i++) {
    const startedAt = performance.now()
    await heads.readSlice(readers[i % readers.length]!, undefined, 22)
    times.push(performance.now() - startedAt)
  }
  return median(times)
}

/** Cold reads: the accounts are enrolled, but their heads are gone and must be rebuilt. */
async function coldReads(
  { app, redis }: BenchService,
  { collectors }: Graph,
  tokens: Map<UserId, string>,
  count: number,
): Promise<Sample> {
  const sample: Sample = {}
  for (const { userId, following } of collectors) {
    const times: number[] = []
    for (let i = 0; i < count; i++) {
      await redis.del(headKey(userId))
      const startedAt = performance.now()
      await readFeed(app.url, tokens.get(userId)!)
      times.push(performance.now() - startedAt)
    }
    sample[coldAt(following)] = median(times)
  }
  return sample
}

/** Compares feeds with the primary's follows and photos, and the bare server's bytes with the API's current ones. */
async function verify(
  { admin, app }: BenchService,
  tokens: Map<UserId, string>,
  bodies: Map<UserId, Buffer>,
): Promise<Finding[]> {
  const sampled = [...bodies.keys()].filter((_, i) => i % 20 === 0)
  let right = 0
  let same = 0
  for (const userId of sampled) {
    const body = await readFeed(app.url, tokens.get(userId)!)
    const { items } = JSON.parse(body.toString()) as { items: { id: string }[] }
    const { rows } = await admin.query<{ photo_id: string }>(
      `SELECT photo_id FROM photos WHERE owner_id = $1 OR owner_id IN
         (SELECT followee_id FROM follows WHERE follower_id = $1)
       ORDER BY score DESC, photo_id DESC LIMIT 20`,
      [userId],
    )
    if (items.map(({ id }) => id).join() === rows.map((row) => row.photo_id).join()) right++
    if (body.equals(bodies.get(userId)!)) same++
  }
  return [
    {
      what: 'sampled feeds that are the newest 20 of follows × photos by brute force',
      value: `${right} of ${sampled.length}`,
      holds: right === sampled.length,
    },
    {
      what: "sampled answers of the API that are the reference's bytes",
      value: `${same} of ${sampled.length}`,
      holds: same === sampled.length,
    },
  ]
}

interface BareServer {
  url: string
  process: ChildProcess
}

async function startBareServer({ instance }: BenchService): Promise<BareServer> {
  const port = await getPort({ host: '127.0.0.1' })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-feed-server.ts')], {
    env: { ...process.env, ...instance.env, BARE_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return { url: `http://127.0.0.1:${port}`, process: child }
}

async function forEach<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
