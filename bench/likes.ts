import { Agent } from 'node:http'
import pg from 'pg'
import type { PhotoId, UserId } from '../src/domain/ids.ts'
import { changeSlotCounters } from '../src/infra/db/slot-counters.ts'
import { loadConfig } from '../src/config/config.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { sendOne, sendSteadily, type Target } from './load.ts'
import { startTreeCpuMeter } from './machine.ts'
import { insertPublishedPhoto } from './photos.ts'
import { startBenchService, type BenchService } from './service.ts'
import { percentile } from './statistics.ts'
import { issueTokens } from './tokens.ts'

const likersOf = { full: 1_000, quick: 100 }

export const likes: Benchmark = {
  name: 'likes',
  summary:
    'One photo is liked by many accounts at once, then commented on by as many; each account does so once a round.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const likers = quick ? likersOf.quick : likersOf.full
  const service = await startBenchService()
  const { instance, admin, app } = service
  const poolSize = loadConfig(instance.env).DATABASE_POOL_SIZE
  const pool = new pg.Pool({ connectionString: instance.env.DATABASE_URL!, max: poolSize })
  const agent = new Agent({ keepAlive: true, maxSockets: likers })
  const close = async () => {
    agent.destroy()
    await pool.end()
    await service.stop()
  }
  try {
    const [owner, ...userIds] = await insertUsers(service, likers + 1)
    await admin.query('CREATE TABLE bench_counter (photo_id uuid PRIMARY KEY, likes integer NOT NULL)')
    await admin.query('GRANT ALL ON bench_counter TO PUBLIC')
    const tokens = await issueTokens(instance.env, userIds)
    const made: PhotoId[] = []
    const newPhoto = async () => {
      const { photoId } = await insertPublishedPhoto(admin, owner!)
      made.push(photoId)
      return photoId
    }
    const headersOf = (userId: UserId) => ({ authorization: `Bearer ${tokens.get(userId)!}` })
    const likeOf = (photoId: PhotoId, userId: UserId): Target => ({
      method: 'PUT',
      path: `/v1/photos/${photoId}/like`,
      headers: headersOf(userId),
    })
    const commentOf = (photoId: PhotoId, userId: UserId): Target => ({
      method: 'POST',
      path: `/v1/photos/${photoId}/comments`,
      headers: { ...headersOf(userId), 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'Lovely light' }),
    })
    // Connections and prepared statements are there before the first round.
    const warmUp = await newPhoto()
    await atOnce(userIds, (userId) => sendOne(app.url, likeOf(warmUp, userId), agent))

    return {
      conditions: {
        data: `a new photo for each contender and round, ${likers.toLocaleString('en')} accounts, as many connections to one API process`,
        references: `${poolSize} connections to Postgres, as many as the API has; fsync on, with a replica`,
        load: 'from the process of the benchmark, on the same cores as all servers',
      },
      contenders: [
        {
          name: 'darkroom',
          setting:
            'PUT /photos/:id/like by all accounts at once; then at half of that rate; then POST …/comments at once',
          measure: async () => {
            const [burst, steady, talk] = [await newPhoto(), await newPhoto(), await newPhoto()]
            const liked = await rateOf(userIds, (userId) => sendOne(app.url, likeOf(burst, userId), agent))
            const said = await rateOf(userIds, (userId) => sendOne(app.url, commentOf(talk, userId), agent))
            const times = await likeSteadily(app.url, userIds, liked.perSecond / 2, (userId) =>
              likeOf(steady, userId),
            )
            return {
              likesPerSecond: liked.perSecond,
              cpuMs: liked.cpuMs,
              commentsPerSecond: said.perSecond,
              commentCpuMs: said.cpuMs,
              halfP50: percentile(times, 0.5),
              halfP99: percentile(times, 0.99),
            }
          },
        },
        {
          name: 'statements, slots',
          setting: 'the same INSERT and upsert of a slot in a transaction, without rights',
          measure: async () => {
            const photoId = await newPhoto()
            return sampleOf(await rateOf(userIds, (userId) => likeInSlots(pool, photoId, userId)))
          },
        },
        {
          name: 'statements, one row',
          setting: 'the same with one row that counts all likes of the photo',
          measure: async () => {
            const photoId = await newPhoto()
            await admin.query('INSERT INTO bench_counter VALUES ($1, 0)', [photoId])
            return sampleOf(await rateOf(userIds, (userId) => likeInOneRow(pool, photoId, userId)))
          },
        },
      ],
      comparisons: [
        ...['statements, slots', 'statements, one row'].map((reference) => ({
          figure: 'likesPerSecond',
          unit: 'likes/s of one photo',
          ours: 'darkroom',
          reference,
          ...(reference === 'statements, slots' ? { goal: { of: 'ratio' as const, atLeast: 0.5 } } : {}),
        })),
        {
          figure: 'likesPerSecond',
          unit: 'likes/s of one photo',
          ours: 'statements, slots',
          reference: 'statements, one row',
        },
        {
          figure: 'cpuMs',
          unit: 'CPU-ms a like, generator included',
          ours: 'darkroom',
          reference: 'statements, slots',
        },
        { figure: 'halfP50', unit: 'ms at half of that rate, p50', ours: 'darkroom' },
        {
          figure: 'halfP99',
          unit: 'ms at half of that rate, p99',
          ours: 'darkroom',
          goal: { of: 'value', atMost: 250 },
        },
        { figure: 'commentsPerSecond', unit: 'comments/s on one photo', ours: 'darkroom' },
        { figure: 'commentCpuMs', unit: 'CPU-ms a comment, generator included', ours: 'darkroom' },
      ],
      verify: () => verify(service, made, likers),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function insertUsers({ admin }: BenchService, count: number): Promise<UserId[]> {
  const { rows } = await admin.query<{ user_id: UserId }>(
    `INSERT INTO users (username, password_hash) SELECT 'liker' || i, 'none' FROM generate_series(1, $1::integer) i
     RETURNING user_id`,
    [count],
  )
  return rows.map((row) => row.user_id)
}

interface Rate {
  perSecond: number
  /** Of everything that runs, for each of them. */
  cpuMs: number
}

const sampleOf = ({ perSecond, cpuMs }: Rate): Sample => ({ likesPerSecond: perSecond, cpuMs })

async function rateOf(userIds: readonly UserId[], act: (userId: UserId) => Promise<unknown>): Promise<Rate> {
  const cpuSeconds = startTreeCpuMeter()
  const startedAt = performance.now()
  await atOnce(userIds, act)
  return {
    perSecond: (userIds.length / (performance.now() - startedAt)) * 1000,
    cpuMs: (cpuSeconds() / userIds.length) * 1000,
  }
}

const atOnce = (userIds: readonly UserId[], act: (userId: UserId) => Promise<unknown>) =>
  Promise.all(userIds.map(act))

/** Each account once, evenly spaced. @returns how long each took, in ms */
async function likeSteadily(
  url: string,
  userIds: readonly UserId[],
  perSecond: number,
  likeOf: (userId: UserId) => Target,
): Promise<number[]> {
  const over = new AbortController()
  let next = 0
  const answers = await sendSteadily(
    url,
    () => {
      const target = likeOf(userIds[next % userIds.length]!)
      if (++next === userIds.length) over.abort()
      return target
    },
    { perSecond, signal: over.signal },
    () => undefined,
  )
  return answers.map(({ ms }) => ms)
}

async function likeInSlots(pool: pg.Pool, photoId: PhotoId, userId: UserId): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(INSERT_LIKE, [photoId, userId])
    const query = async <Row>({ text, values }: { text: string; values?: readonly unknown[] }) =>
      (await client.query(text, [...(values ?? [])])).rows as Row[]
    await changeSlotCounters({ query }, PHOTO_COUNTERS, [{ key: photoId, likes: 1 }])
  })
}

async function likeInOneRow(pool: pg.Pool, photoId: PhotoId, userId: UserId): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(INSERT_LIKE, [photoId, userId])
    await client.query('UPDATE bench_counter SET likes = likes + 1 WHERE photo_id = $1', [photoId])
  })
}

const INSERT_LIKE = 'INSERT INTO likes (photo_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1'
const PHOTO_COUNTERS = {
  table: 'photo_counters',
  key: 'photo_id',
  keyType: 'uuid',
  columns: ['likes', 'comments'],
} as const

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

/** Every count equals the rows, whoever counted; a photo was liked or commented on by each account once. */
async function verify(
  { admin }: BenchService,
  photoIds: readonly PhotoId[],
  likers: number,
): Promise<Finding[]> {
  const { rows } = await admin.query<{ liked: number; said: number; counted: number; comments: number }>(
    `SELECT (SELECT count(*)::int FROM likes l WHERE l.photo_id = given.id) AS liked,
       (SELECT count(*)::int FROM comments c WHERE c.photo_id = given.id) AS said,
       (SELECT coalesce(sum(k.likes), 0)::int FROM photo_counters k WHERE k.photo_id = given.id)
         + coalesce((SELECT b.likes FROM bench_counter b WHERE b.photo_id = given.id), 0) AS counted,
       (SELECT coalesce(sum(k.comments), 0)::int FROM photo_counters k WHERE k.photo_id = given.id) AS comments
     FROM unnest($1::uuid[]) AS given (id)`,
    [photoIds],
  )
  const exact = rows.filter((row) => row.liked === row.counted && row.said === row.comments)
  const complete = rows.filter((row) => row.liked + row.said === likers)
  return [
    {
      what: 'photos whose counts equal their rows',
      value: `${exact.length} of ${rows.length}`,
      holds: exact.length === rows.length,
    },
    {
      what: 'photos that each account liked or commented on once',
      value: `${complete.length} of ${rows.length}`,
      holds: complete.length === rows.length,
    },
  ]
}
