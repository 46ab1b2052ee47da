import { loadConfig } from '../src/config/config.ts'
import { openTemporal } from '../src/infra/temporal/client.ts'
import { FANOUT_START, type PushSliceInput } from '../src/contracts/photo-fanout.ts'
import { type PhotoId } from '../src/domain/ids.ts'
import { openDatabase } from '../src/infra/db/database.ts'
import { createFeedHeads } from '../src/infra/redis/feed-heads.ts'
import { createFanout, type Fanout } from '../src/services/distribution/push.ts'
import { fansBySlot, seedAudience, type Audience, type Author } from './celebrity.ts'
import { insertRows, replay, serialiseHeadUpdates } from './fanout-floor.ts'
import type { Benchmark, Comparison, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { startTreeCpuMeter } from './machine.ts'
import { photoJpeg, seededRandom } from './photo.ts'
import { insertPublishedPhoto } from './photos.ts'
import { throughTemporal, type Push } from './push.ts'
import { startBenchService, type BenchService } from './service.ts'
import { BUCKET_COUNT } from '../src/domain/buckets.ts'

const sizes = { full: [10_000, 100_000, 1_000_000], quick: [500, 2_000, 20_000] }
const ROWS_PER_FAN = 10
const SAMPLED_FANS = 2_000
/** The same as in the worker of the queue fanout-bulk. */
const SHARDS_AT_ONCE = 2
const LAST_USER_ID = '9223372036854775807'
/** The same as in the worker's activity (activities/distribution.ts, FANOUT_SLICE_FOLLOWERS). */
const SLICE = { maxFollowers: 20_000, maxMs: 2_000 }

export const fanout: Benchmark = {
  name: 'fanout',
  summary:
    'Publish → the last enrolled follower has the photo in their stored rows and in their warm, full head.',
  open,
}

/** What was pushed, to be verified at the end. */
interface Pushed {
  by: string
  author: Author
  photoId: PhotoId
}

async function open({ quick, followers: most }: TrialOptions): Promise<Trial> {
  const service = await startBenchService(
    quick ? { FANOUT_SHARD_THRESHOLD: String(sizes.quick.at(-1)!) } : {},
  )
  try {
    const followers = most ? [most / 100, most / 10, most].map(Math.floor) : quick ? sizes.quick : sizes.full
    const audience = await seedAudience(service, { followers, rowsPerFan: ROWS_PER_FAN })
    return await describe(service, audience, followers)
  } catch (error) {
    await service.stop()
    throw error
  }
}

async function describe(
  service: BenchService,
  audience: Audience,
  followers: readonly number[],
): Promise<Trial> {
  const { env } = service.instance
  const temporal = openTemporal({ address: env.TEMPORAL_ADDRESS!, namespace: env.TEMPORAL_NAMESPACE! })
  const db = await openDatabase({
    url: env.DATABASE_URL!,
    poolSize: 10,
    statementTimeoutMs: 30_000,
    applicationName: 'darkroom-bench',
  })
  const config = loadConfig(env)
  const inProcess = createFanout({
    db,
    heads: createFeedHeads(service.redis),
    sharding: { threshold: config.FANOUT_SHARD_THRESHOLD, shards: config.FANOUT_SHARDS },
  })
  const jpeg = await photoJpeg(400, 300)
  const pushed: Pushed[] = []

  /** Sizes from small to large, each on a settled database. `push` returns the photo, ms and CPU-seconds. */
  const measure = async (by: string, push: (author: Author) => Promise<Measured>): Promise<Sample> => {
    const sample: Sample = {}
    for (const author of audience.authors) {
      await service.settle()
      const { photoId, writtenMs, ms, cpuSeconds } = await push(author)
      pushed.push({ by, author, photoId })
      sample[msAt(author.followers)] = writtenMs
      sample[endAt(author.followers)] = ms
      sample[rateAt(author.followers)] = (author.followers / writtenMs) * 1000
      sample[cpuAt(author.followers)] = (cpuSeconds / author.followers) * 1e6
    }
    return sample
  }

  const largest = followers.at(-1)!
  const comparisons: Comparison[] = followers.flatMap((size): Comparison[] => {
    const text = size.toLocaleString('en')
    const isLargest = size === largest
    const ours = 'darkroom'
    return [
      {
        figure: rateAt(size),
        unit: `followers/s, of ${text}`,
        ours,
        reference: 'floor',
        ...(isLargest && { goal: { of: 'ratio', atLeast: 0.5 } }),
      },
      {
        figure: msAt(size),
        unit: `ms to the last feed, ${text} followers`,
        ours,
        reference: 'in-process',
        ...(isLargest && { goal: { of: 'ratio', atMost: 1.25 } }),
      },
      {
        figure: endAt(size),
        unit: `ms to the end, replica included, ${text}`,
        ours,
        reference: 'in-process',
      },
      { figure: cpuAt(size), unit: `CPU-µs a follower, of ${text}`, ours, reference: 'floor' },
    ]
  })

  return {
    conditions: {
      data:
        `${largest.toLocaleString('en')} followers, all enrolled; ${audience.rowsPreloaded.toLocaleString('en')} feed rows ` +
        'preloaded; every head warm and full (200); a replica streams; fsync on; CHECKPOINT and replay before each push',
      'memory of a full head': `${audience.headBytes.listpack} bytes as listpack, ${audience.headBytes.skiplist} as skiplist`,
    },
    contenders: [
      {
        name: 'darkroom',
        setting:
          'upload through the API; from published_at to the end of the last shard or, of an unsharded push, of fanout/<photoId>, as Temporal has it',
        measure: () => measure('darkroom', (author) => throughTemporal(author, jpeg, temporal)),
      },
      {
        name: 'in-process',
        setting: 'the functions of the same activities called in one process, without Temporal',
        measure: () => measure('in-process', (author) => inOneProcess(service, author, inProcess)),
      },
      {
        name: 'floor',
        setting:
          'one INSERT … SELECT over follows ⋈ feed_state, and at the same time the writes to the heads replayed as ' +
          'serialised Redis protocol on one pipelined connection (3 commands a head; serialising is not timed)',
        measure: () => measure('floor', (author) => floor(service, audience, author)),
      },
    ],
    comparisons,
    verify: () => verify(service, audience, pushed),
    async close() {
      await db.close()
      await temporal.connection.close()
      await service.stop()
    },
  }
}

type Measured = Omit<Push, 'publishedAt'>

const msAt = (followers: number) => `ms${followers}`
const endAt = (followers: number) => `endMs${followers}`
const rateAt = (followers: number) => `followersPerSecond${followers}`
const cpuAt = (followers: number) => `cpuMicrosecondsPerFollower${followers}`

async function inOneProcess(service: BenchService, author: Author, fanout: Fanout): Promise<Measured> {
  const { photoId } = await insertPublishedPhoto(service.admin, author.userId)
  const cpuSeconds = startTreeCpuMeter()
  const startedAt = performance.now()
  const plan = await fanout.planFanout(photoId)
  if (plan.desired !== 'push') throw new Error('The photo should not be pushed')
  const runRange = async ({ after, lastBucket }: Pick<PushSliceInput, 'after' | 'lastBucket'>) => {
    for (let outcome = 'more'; outcome === 'more';) {
      const slice = await fanout.pushSlice({ photoId, plan, after, ...(lastBucket && { lastBucket }) }, SLICE)
      outcome = slice.outcome
      after = slice.position
    }
  }
  const ranges = rangesOf(plan.shards)
  const work = async () => {
    for (let range = ranges.shift(); range; range = ranges.shift()) await runRange(range)
  }
  await Promise.all(Array.from({ length: SHARDS_AT_ONCE }, work))
  const writtenMs = performance.now() - startedAt
  if (!(await fanout.complete(photoId, plan))) throw new Error('The push was not completed')
  return { photoId, writtenMs, ms: performance.now() - startedAt, cpuSeconds: cpuSeconds() }
}

/** The buckets split evenly, as the workflow does (workflows/photo-fanout/workflow.ts). */
function rangesOf(shards: number): Pick<PushSliceInput, 'after' | 'lastBucket'>[] {
  return Array.from({ length: shards }, (_, shard) => {
    const first = Math.ceil((shard * BUCKET_COUNT) / shards)
    const lastBucket = Math.ceil(((shard + 1) * BUCKET_COUNT) / shards) - 1
    const beforeFirst = { ...FANOUT_START, afterBucket: first - 1, afterFollowerId: LAST_USER_ID }
    return { after: first === 0 ? FANOUT_START : beforeFirst, lastBucket }
  })
}

async function floor(service: BenchService, audience: Audience, author: Author): Promise<Measured> {
  const photo = await insertPublishedPhoto(service.admin, author.userId)
  const updates = await serialiseHeadUpdates(service.redis, slotsOf(audience, author), photo)
  const cpuSeconds = startTreeCpuMeter()
  const startedAt = performance.now()
  await Promise.all([
    insertRows(service.instance.env.DATABASE_URL!, author.userId, photo),
    replay(service.instance.ports.valkey, updates),
  ])
  const ms = performance.now() - startedAt
  return { photoId: photo.photoId, writtenMs: ms, ms, cpuSeconds: cpuSeconds() }
}

/** An author's followers by Redis slot, then by how many authors they follow: those have had the same photos. */
function slotsOf({ authors, firstFan }: Audience, { followers }: Author) {
  const bounds = [0, ...authors.map((author) => author.followers).filter((count) => count <= followers)]
  return bounds.slice(1).flatMap((end, i) => fansBySlot(firstFan + bounds[i]!, end - bounds[i]!))
}

/** Verifies rows by count and heads by sample, and that nobody has a photo without following its author. */
async function verify(
  { admin, redis }: BenchService,
  { firstFan, fans }: Audience,
  pushed: readonly Pushed[],
): Promise<Finding[]> {
  const { rows } = await admin.query<{ photo_id: PhotoId; feeds: string; last: string }>(
    `SELECT photo_id, count(*) AS feeds, max(user_id) AS last FROM feed_items
     WHERE photo_id = ANY ($1) GROUP BY photo_id`,
    [pushed.map(({ photoId }) => photoId)],
  )
  const found = new Map(rows.map((row) => [row.photo_id, row]))
  const right = pushed.filter(({ photoId, author }) => {
    const row = found.get(photoId)
    return Number(row?.feeds) === author.followers && Number(row?.last) === firstFan + author.followers - 1
  })
  const heads = createFeedHeads(redis)
  const random = seededRandom(1)
  const last = pushed.slice(-3 * new Set(pushed.map(({ author }) => author)).size)
  let agreeing = 0
  let sampled = 0
  for (let i = 0; i < SAMPLED_FANS; i++) {
    const fan = Math.floor(random() * fans)
    const slice = await heads.readSlice(String(firstFan + fan), undefined, 50)
    const inHead = new Set(slice?.items.map(({ photoId }) => photoId))
    for (const { photoId, author } of last) {
      sampled++
      if (inHead.has(photoId) === fan < author.followers) agreeing++
    }
  }
  return [
    {
      what: 'photos whose rows are exactly those of the followers',
      value: `${right.length} of ${pushed.length}`,
      holds: right.length === pushed.length,
    },
    {
      what: 'sampled heads that hold a photo of the last round if and only if their owner follows its author',
      value: `${agreeing} of ${sampled}`,
      holds: agreeing === sampled,
    },
  ]
}
