import { join } from 'node:path'
import type { PhotoId, UserId } from '../src/domain/ids.ts'
import { photoIdToBytes } from '../src/infra/redis/photo-id-bytes.ts'
import { createFeedHeads, headKey } from '../src/infra/redis/feed-heads.ts'
import type { RedisClient } from '../src/infra/redis/client.ts'
import { openTemporal } from '../src/infra/temporal/client.ts'
import { stackCacheDir } from '../stack/install/paths.ts'
import { fansBySlot, seedAudience, type Audience } from './celebrity.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { startTreeCpuMeter } from './machine.ts'
import { photoJpeg } from './photo.ts'
import { insertPublishedPhoto } from './photos.ts'
import { throughTemporal } from './push.ts'
import { startBenchService, type BenchService } from './service.ts'
import { installStreamFramework, startPeer, type Peer, type PeerPush } from './stream-framework.ts'

const sizes = { full: 100_000, quick: 5_000 }
const ROWS_PER_FAN = 10
/** The same as in the fanout (services/distribution). */
const PAGE_FOLLOWERS = 1_000
const HEAD_ITEMS = 200

export const fanoutPeer: Benchmark = {
  name: 'fanout-peer',
  summary:
    'Publish → the last follower has it, beside Stream-Framework; and the Redis stage beside plain pipelines.',
  open,
}

async function open({ quick, followers: asked }: TrialOptions): Promise<Trial> {
  const followers = asked ?? (quick ? sizes.quick : sizes.full)
  const folder = join(stackCacheDir(), 'stream-framework-1.4.0')
  await installStreamFramework(folder)
  const service = await startBenchService(quick ? { FANOUT_SHARD_THRESHOLD: String(sizes.quick) } : {})
  let peer: Peer | undefined
  try {
    const audience = await seedAudience(service, { followers: [followers], rowsPerFan: ROWS_PER_FAN })
    peer = await startPeer(folder, service.instance.env.VALKEY_SERVER_PATH!, followers)
    return await describe(service, audience, peer)
  } catch (error) {
    await peer?.stop()
    await service.stop()
    throw error
  }
}

async function describe(service: BenchService, audience: Audience, peer: Peer): Promise<Trial> {
  const { env } = service.instance
  const temporal = openTemporal({ address: env.TEMPORAL_ADDRESS!, namespace: env.TEMPORAL_NAMESPACE! })
  const jpeg = await photoJpeg(400, 300)
  const author = audience.authors[0]!
  const pages = pagesOf(audience)
  const heads = createFeedHeads(service.redis)
  const rates = (ms: number, cpuSeconds: number): Sample => ({
    followersPerSecond: (audience.fans / ms) * 1000,
    cpuMicroseconds: (cpuSeconds / audience.fans) * 1e6,
  })
  const ourPhotos: PhotoId[] = []
  const headPhotos: PhotoId[] = []
  const peerPushes: PeerPush[] = []

  const stage = async (
    push: (page: UserId[], photo: { photoId: PhotoId; score: number }) => Promise<unknown>,
  ) => {
    await service.settle()
    const photo = await insertPublishedPhoto(service.admin, author.userId)
    headPhotos.push(photo.photoId)
    const cpuSeconds = startTreeCpuMeter()
    const startedAt = performance.now()
    for (const page of pages) await push(page, photo)
    return rates(performance.now() - startedAt, cpuSeconds())
  }
  return {
    conditions: {
      data: `${audience.fans.toLocaleString('en')} followers, every head warm and full (200); ${audience.rowsPreloaded.toLocaleString('en')} feed rows preloaded`,
    },
    contenders: [
      {
        name: 'darkroom',
        setting:
          'upload, Temporal, rows in Postgres with a replica, heads in Valkey; from published_at to the last feed written',
        measure: async () => {
          await service.settle()
          const { photoId, writtenMs, cpuSeconds } = await throughTemporal(author, jpeg, temporal)
          ourPhotos.push(photoId)
          return rates(writtenMs, cpuSeconds)
        },
      },
      {
        name: 'Stream-Framework',
        setting:
          '1.4.0, Redis storage with a Valkey of its own, feeds of 200, chunks of 100 by two processes on two cores; ' +
          'followers from memory, tasks without a broker, nothing in a database; Python 3.11, `async` renamed in its source',
        measure: async () => {
          const cpuSeconds = startTreeCpuMeter()
          const pushed = await peer.publish()
          peerPushes.push(pushed)
          return rates(pushed.ms, cpuSeconds())
        },
      },
      {
        name: 'heads.push',
        setting: `one script call a Redis slot, pages of ${PAGE_FOLLOWERS} followers in bucket order`,
        measure: () => stage((page, photo) => heads.push(page, photo)),
      },
      {
        name: 'ioredis.pipeline()',
        setting:
          'the same pages: a pipeline that reads every sentinel, then one that adds, trims and raises the floor',
        measure: () => stage((page, photo) => pushByPipeline(service.redis, page, photo)),
      },
    ],
    comparisons: [
      {
        figure: 'followersPerSecond',
        unit: 'followers/s, end to end',
        ours: 'darkroom',
        reference: 'Stream-Framework',
        goal: { of: 'ratio', atLeast: 10 },
      },
      {
        figure: 'cpuMicroseconds',
        unit: 'CPU-µs a follower, end to end',
        ours: 'darkroom',
        reference: 'Stream-Framework',
      },
      {
        figure: 'followersPerSecond',
        unit: 'followers/s, feeds in Redis only',
        ours: 'heads.push',
        reference: 'Stream-Framework',
      },
      {
        figure: 'followersPerSecond',
        unit: 'followers/s, Redis stage',
        ours: 'heads.push',
        reference: 'ioredis.pipeline()',
        goal: { of: 'ratio', atLeast: 2 },
      },
      {
        figure: 'cpuMicroseconds',
        unit: 'CPU-µs a follower, Redis stage',
        ours: 'heads.push',
        reference: 'ioredis.pipeline()',
      },
    ],
    verify: () => verify(service, audience, { ourPhotos, headPhotos, peerPushes }),
    async close() {
      await peer.stop()
      await temporal.connection.close()
      await service.stop()
    },
  }
}

function pagesOf({ firstFan, fans }: Audience): UserId[][] {
  const all = fansBySlot(firstFan, fans).flat()
  return Array.from({ length: Math.ceil(all.length / PAGE_FOLLOWERS) }, (_, i) =>
    all.slice(i * PAGE_FOLLOWERS, (i + 1) * PAGE_FOLLOWERS),
  )
}

const FLOOR_AT_BYTE = 17

/** The obvious way without scripts; it would overwrite a rebuild between the two pipelines, which a script excludes. */
async function pushByPipeline(
  redis: RedisClient,
  users: readonly UserId[],
  photo: { photoId: PhotoId; score: number },
): Promise<void> {
  const member = photoIdToBytes(photo.photoId)
  const reads = redis.pipeline()
  for (const user of users) {
    reads.zrangeBuffer(headKey(user), '0', '1', 'WITHSCORES')
    reads.zcard(headKey(user))
  }
  const answers = (await reads.exec())!
  const writes = redis.pipeline()
  users.forEach((user, i) => {
    const [sentinel, sentinelScore, , lowestScore] = answers[2 * i]![1] as Buffer[]
    const items = (answers[2 * i + 1]![1] as number) - 1
    if (sentinelScore?.toString() !== '-1' || photo.score <= sentinel!.readDoubleLE(FLOOR_AT_BYTE)) return
    const key = headKey(user)
    writes.zadd(key, photo.score, member)
    if (items < HEAD_ITEMS) return
    const floor = Number(lowestScore!.toString())
    const raised = Buffer.from(sentinel!)
    raised.writeDoubleLE(floor, FLOOR_AT_BYTE)
    writes.zremrangebyscore(key, -1, floor)
    writes.zadd(key, -1, raised)
  })
  for (const [error] of (await writes.exec())!) if (error) throw error
}

async function verify(
  { admin, redis }: BenchService,
  { firstFan, fans }: Audience,
  made: { ourPhotos: PhotoId[]; headPhotos: PhotoId[]; peerPushes: PeerPush[] },
): Promise<Finding[]> {
  const { rows } = await admin.query<{ feeds: string }>(
    'SELECT count(*) AS feeds FROM feed_items WHERE photo_id = ANY ($1) GROUP BY photo_id',
    [made.ourPhotos],
  )
  const whole = rows.filter(({ feeds }) => Number(feeds) === fans).length
  const photoIds = [...made.ourPhotos, ...made.headPhotos]
  const heads = createFeedHeads(redis)
  let [sampled, present] = [0, 0]
  for (let fan = 0; fan < fans; fan += 97) {
    const slice = await heads.readSlice(String(firstFan + fan), undefined, HEAD_ITEMS)
    const ids = new Set(slice?.items.map(({ photoId }) => photoId))
    sampled += photoIds.length
    present += photoIds.filter((photoId) => ids.has(photoId)).length
  }
  const peerSampled = made.peerPushes.reduce((sum, push) => sum + push.sampled, 0)
  const peerFound = made.peerPushes.reduce((sum, push) => sum + push.found, 0)
  return [
    {
      what: 'photos in the rows of every follower',
      value: `${whole} of ${made.ourPhotos.length}`,
      holds: whole === made.ourPhotos.length,
    },
    { what: 'photos in sampled heads', value: `${present} of ${sampled}`, holds: present === sampled },
    {
      what: 'activities in sampled feeds of Stream-Framework',
      value: `${peerFound} of ${peerSampled}`,
      holds: peerFound === peerSampled,
    },
  ]
}
