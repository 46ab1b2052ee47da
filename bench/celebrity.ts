import { type PhotoId, type UserId } from '../src/domain/ids.ts'
import { createFeedHeads, headHashTag, headKey } from '../src/infra/redis/feed-heads.ts'
import { ApiClient } from '../stack/client/api-client.ts'
import { insertReadyPhotos } from './photos.ts'
import type { BenchService } from './service.ts'
import { issueTokens } from './tokens.ts'
import { BUCKET_COUNT, feedBucket } from '../src/domain/buckets.ts'

/** Authors with a given number of followers each, all of them enrolled, with warm full heads and stored rows. */
export interface Audience {
  authors: Author[]
  /** Followers have consecutive ids: author `i` is followed by the first `authors[i].followers` of them. */
  firstFan: number
  fans: number
  rowsPreloaded: number
  /** Bytes of a full head of 200 photos, by encoding. */
  headBytes: { listpack: number; skiplist: number }
}

export interface Author {
  userId: UserId
  client: ApiClient
  followers: number
}

/** As many as a head holds. */
const OLD_PHOTOS = 200
const COPIES_AT_ONCE = 2

/**
 * Creates the authors' audience: the last author has the most followers and 200 old photos, so that every follower's feed
 * consists of those, their heads are full, and `rowsPerFan` of them are stored rows.
 */
export async function seedAudience(
  service: BenchService,
  { followers, rowsPerFan }: { followers: readonly number[]; rowsPerFan: number },
): Promise<Audience> {
  const { admin, app } = service
  const log = (line: string) => console.error(`data: ${line}`)
  const authors: Author[] = []
  for (const count of followers) {
    const client = await new ApiClient(app.url).signUp(`author${count}`)
    const { rows } = await admin.query<{ user_id: UserId }>('SELECT user_id FROM users WHERE username = $1', [
      client.username,
    ])
    const { user_id: userId } = rows[0]!
    // The token of the sign-up would expire while the data is made.
    client.token = (await issueTokens(service.instance.env, [userId])).get(userId)!
    authors.push({ userId, client, followers: count })
  }
  const fans = Math.max(...followers)
  const celebrity = authors.at(-1)!
  // Foreign keys hold by construction; checking them a million times would be most of the work.
  await admin.query('SET session_replication_role = replica')
  await admin.query(
    `INSERT INTO users (username, password_hash) SELECT 'fan' || i, 'none' FROM generate_series(1, $1::integer) i`,
    [fans],
  )
  const { rows } = await admin.query<{ first: string }>(
    `SELECT min(user_id) AS first FROM users WHERE username LIKE 'fan%'`,
  )
  const firstFan = Number(rows[0]!.first)
  log(`${fans} users`)
  for (const author of authors) {
    await admin.query(
      `INSERT INTO follows (follower_id, followee_id)
       SELECT u, $1 FROM generate_series($2::bigint, $3::bigint) u ORDER BY feed_bucket(u), u`,
      [author.userId, firstFan, firstFan + author.followers - 1],
    )
    await admin.query(
      `INSERT INTO user_counters (user_id, slot, followers) VALUES ($1, 0, $2)
       ON CONFLICT (user_id, slot) DO UPDATE SET followers = excluded.followers`,
      [author.userId, author.followers],
    )
  }
  await admin.query(
    `INSERT INTO feed_state (user_id, epoch, enrolled, last_read_at)
     SELECT u, 1, true, now() FROM generate_series($1::bigint, $2::bigint) u`,
    [firstFan, firstFan + fans - 1],
  )
  log('follows and feed states')
  await insertReadyPhotos(admin, { firstOwner: Number(celebrity.userId), owners: 1, each: OLD_PHOTOS })
  await admin.query(
    `INSERT INTO feed_items (user_id, score, photo_id)
     SELECT u, p.score, p.photo_id FROM generate_series($1::bigint, $2::bigint) u
     CROSS JOIN (SELECT score, photo_id FROM photos WHERE owner_id = $3 ORDER BY score DESC LIMIT $4) p`,
    [firstFan, firstFan + fans - 1, celebrity.userId, rowsPerFan],
  )
  await admin.query('SET session_replication_role = origin')
  log(`${fans * rowsPerFan} feed rows`)
  await admin.query('VACUUM ANALYZE follows, feed_state, users, photos, feed_items')
  const headBytes = await seedHeads(service, celebrity.userId, firstFan, fans)
  log('heads')
  await service.settle()
  return { authors, firstFan, fans, rowsPreloaded: fans * rowsPerFan, headBytes }
}

/** Fans by the Redis slot of their heads, in the order of a push. */
export function fansBySlot(firstFan: number, count: number): UserId[][] {
  const buckets = Array.from({ length: BUCKET_COUNT }, (): UserId[] => [])
  for (let id = firstFan; id < firstFan + count; id++) buckets[feedBucket(String(id))]!.push(String(id))
  return [...Map.groupBy(buckets.flat(), headHashTag).values()]
}

/** One head per slot is built as a rebuild builds it; the others in the slot are copies. */
async function seedHeads(
  { admin, redis }: BenchService,
  celebrityId: UserId,
  firstFan: number,
  fans: number,
): Promise<Audience['headBytes']> {
  await configureRedis(redis, 'maxmemory', '12gb')
  const heads = createFeedHeads(redis)
  const { rows } = await admin.query<{ photo_id: PhotoId; score: string }>(
    'SELECT photo_id, score FROM photos WHERE owner_id = $1 ORDER BY score DESC LIMIT $2',
    [celebrityId, heads.maxItems],
  )
  const items = rows.map((row) => ({ photoId: row.photo_id, score: Number(row.score) }))
  const slots = fansBySlot(firstFan, fans)
  const build = async (userId: UserId) => {
    const begun = await heads.beginBuild(userId, 1)
    if (typeof begun === 'string') throw new Error(`The head of ${userId} is ${begun}`)
    await heads.finishBuild(userId, begun, { epoch: 1, floor: 0, items })
  }
  const weigh = async (listpackEntries: string): Promise<number> => {
    await configureRedis(redis, 'zset-max-listpack-entries', listpackEntries)
    const stranger = String(firstFan + fans)
    await build(stranger)
    const bytes = await redis.memory('USAGE', headKey(stranger), 'SAMPLES', 0)
    await redis.del(headKey(stranger))
    return bytes!
  }
  const skiplist = await weigh('128')
  const listpack = await weigh('256')
  // The service's own code runs first, because it gives up on a Redis that is busy copying.
  for (const [first] of slots) await build(first!)
  const queue = [...slots]
  const work = async () => {
    for (let fans = queue.pop(); fans; fans = queue.pop()) {
      const [first, ...others] = fans as [UserId, ...UserId[]]
      if (others.length > 0) await copyHead(redis, headKey(first), others.map(headKey))
    }
  }
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, work))
  return { listpack, skiplist }
}

async function copyHead(redis: BenchService['redis'], from: string, to: readonly string[]): Promise<void> {
  const script = `for i = 2, #KEYS do redis.call('COPY', KEYS[1], KEYS[i], 'REPLACE') end`
  await redis.eval(script, to.length + 1, from, ...to)
}

async function configureRedis(redis: BenchService['redis'], name: string, value: string): Promise<void> {
  for (const node of 'nodes' in redis ? redis.nodes('master') : [redis]) await node.config('SET', name, value)
}
