import type { UserId } from '../src/domain/ids.ts'
import { openTemporal } from '../src/infra/temporal/client.ts'
import { seedAudience, type Audience } from './celebrity.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { saturate, sendSteadily, type Target, type Timed } from './load.ts'
import { photoJpeg, seededRandom } from './photo.ts'
import { throughTemporal } from './push.ts'
import { startBenchService, type BenchService } from './service.ts'
import { median, percentile } from './statistics.ts'
import { issueTokens } from './tokens.ts'

const sizes = { full: { followers: 1_000_000, seconds: 10 }, quick: { followers: 20_000, seconds: 3 } }
const ROWS_PER_FAN = 10
/** Followers who read, drawn at random for each request. */
const READERS = 5_000
const CONNECTIONS = 16
/** The share of the most that the idle service can take. */
const LOAD_FRACTION = 0.2
/** Reading begins before the photo exists and ends after the push. */
const LEAD_MS = 1_000

export const fanoutVisible: Benchmark = {
  name: 'fanout-visible',
  summary: "Publish → random followers' GET /v1/feed shows the photo, while it is being pushed.",
  open,
}

async function open({ quick, followers: asked }: TrialOptions): Promise<Trial> {
  const size = quick ? sizes.quick : sizes.full
  const { followers, seconds } = { ...size, ...(asked && { followers: asked }) }
  const service = await startBenchService(
    quick ? { FANOUT_SHARD_THRESHOLD: String(sizes.quick.followers) } : {},
  )
  try {
    const audience = await seedAudience(service, { followers: [followers], rowsPerFan: ROWS_PER_FAN })
    return await describe(service, audience, seconds)
  } catch (error) {
    await service.stop()
    throw error
  }
}

/** Whether a follower, whose request was due at some time, saw the photo. */
export interface Look {
  shows(photoId: string): boolean
  times: number
}

async function describe(service: BenchService, audience: Audience, seconds: number): Promise<Trial> {
  const { app, instance } = service
  const temporal = openTemporal({
    address: instance.env.TEMPORAL_ADDRESS!,
    namespace: instance.env.TEMPORAL_NAMESPACE!,
  })
  const next = await readersOf(service, audience)
  const author = audience.authors[0]!
  const jpeg = await photoJpeg(400, 300)
  const photoIds: string[] = []
  let twice = 0
  // Warms the API before its idle saturation is measured.
  await saturate(app.url, next, { connections: CONNECTIONS, seconds })
  const idle = await saturate(app.url, next, { connections: CONNECTIONS, seconds })
  const perSecond = idle.requestsPerSecond * LOAD_FRACTION

  async function measure(): Promise<Sample> {
    await service.settle()
    const stop = new AbortController()
    const reading = sendSteadily(app.url, next, { perSecond, signal: stop.signal }, look)
    try {
      await new Promise((resolve) => setTimeout(resolve, LEAD_MS))
      const { photoId, publishedAt, writtenMs } = await throughTemporal(author, jpeg, temporal)
      photoIds.push(photoId)
      stop.abort()
      const answers = await reading
      twice += answers.filter(({ note }) => note.times > 1).length
      return summarise(answers, photoId, publishedAt, publishedAt + writtenMs)
    } finally {
      stop.abort()
    }
  }

  return {
    conditions: {
      data: `${audience.fans.toLocaleString('en')} followers, all enrolled, heads warm and full; ${audience.rowsPreloaded.toLocaleString('en')} feed rows preloaded`,
      load: `open loop, ${perSecond.toFixed(0)} GET /v1/feed a second by random followers, 20 % of the idle saturation of ${idle.requestsPerSecond.toFixed(0)}`,
    },
    contenders: [
      {
        name: 'darkroom',
        setting: 'upload through the API; from published_at to the requests that show the photo',
        measure,
      },
    ],
    comparisons: [
      { figure: 'visibleP50', unit: 'ms from publication to visible, p50 of requests', ours: 'darkroom' },
      {
        figure: 'visibleP99',
        unit: 'ms from publication to visible, p99 of requests',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 1_000 },
      },
      { figure: 'lastMissMs', unit: 'ms from publication to the last request without it', ours: 'darkroom' },
      { figure: 'getP50', unit: 'ms, GET /v1/feed during the push, p50', ours: 'darkroom' },
      {
        figure: 'getP99',
        unit: 'ms, GET /v1/feed during the push, p99',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 100 },
      },
      { figure: 'pushMs', unit: 'ms from publication to the last feed written', ours: 'darkroom' },
      { figure: 'reads', unit: 'requests during the push', ours: 'darkroom' },
    ],
    verify: () => verify(service, audience, photoIds, twice),
    async close() {
      await temporal.connection.close()
      await service.stop()
    },
  }
}

async function readersOf({ instance }: BenchService, { firstFan, fans }: Audience): Promise<() => Target> {
  const random = seededRandom(3)
  const readers = Array.from({ length: READERS }, (): UserId =>
    String(firstFan + Math.floor(random() * fans)),
  )
  const tokens = await issueTokens(instance.env, readers)
  return () => {
    const reader = readers[Math.floor(random() * readers.length)]!
    return { path: '/v1/feed', headers: { authorization: `Bearer ${tokens.get(reader)!}` } }
  }
}

function look(body: Buffer): Look {
  const { items } = JSON.parse(body.toString()) as { items: { id: string }[] }
  const ids = items.map(({ id }) => id)
  const times = Math.max(...ids.map((id) => ids.filter((other) => other === id).length))
  return { shows: (photoId) => ids.includes(photoId), times }
}

/**
 * A follower who gets an answer `t` ms after publication sees the photo with a probability that rises with t. The time
 * until a share p of requests shows it is the time after which at most 1 − p of the later answers miss it. It counts
 * when requests were answered, not when they were due: under overload, a read runs long after it was due.
 */
export function summarise(
  answers: Timed<Look>[],
  photoId: string,
  publishedAt: number,
  pushedAt: number,
): Sample {
  const during = answers
    .map((answer) => ({ ...answer, seenAt: answer.dueAt + answer.ms }))
    .filter(({ seenAt }) => seenAt >= publishedAt && seenAt <= pushedAt)
  const misses = during.filter(({ note }) => !note.shows(photoId)).map(({ seenAt }) => seenAt - publishedAt)
  const visibleTo = (share: number): number => {
    const sorted = during.toSorted((a, b) => b.seenAt - a.seenAt)
    let missed = 0
    let reached = pushedAt - publishedAt
    sorted.forEach(({ seenAt, note }, i) => {
      if (!note.shows(photoId)) missed++
      if (missed <= (1 - share) * (i + 1)) reached = seenAt - publishedAt
    })
    return reached
  }
  const times = during.map(({ ms }) => ms)
  return {
    visibleP50: visibleTo(0.5),
    visibleP99: visibleTo(0.99),
    lastMissMs: Math.max(0, ...misses),
    getP50: median(times),
    getP99: percentile(times, 0.99),
    pushMs: pushedAt - publishedAt,
    reads: during.length,
  }
}

async function verify(
  { admin }: BenchService,
  { fans }: Audience,
  photoIds: readonly string[],
  twice: number,
): Promise<Finding[]> {
  const { rows } = await admin.query<{ feeds: string }>(
    'SELECT count(*) AS feeds FROM feed_items WHERE photo_id = ANY ($1) GROUP BY photo_id',
    [photoIds],
  )
  const whole = rows.filter(({ feeds }) => Number(feeds) === fans).length
  return [
    {
      what: 'photos in the rows of every follower',
      value: `${whole} of ${photoIds.length}`,
      holds: whole === photoIds.length,
    },
    { what: 'answers that show a photo twice', value: String(twice), holds: twice === 0 },
  ]
}
