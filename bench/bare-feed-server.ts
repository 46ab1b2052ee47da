import { createServer } from 'node:http'
import pg from 'pg'
import { photoIdFromBytes } from '../src/infra/redis/photo-id-bytes.ts'
import { openRedis } from '../src/infra/redis/client.ts'
import { headKey } from '../src/infra/redis/feed-heads.ts'
import { READ_SLICE } from '../src/infra/redis/scripts/feed-heads.ts'
import { loadPhotoCards } from '../src/services/photos/photo-cards.ts'

/**
 * The least that can answer a feed, as a reference: Node's own server, the same script call, the same prepared statement
 * with the same candidates on the same replica, and the bytes that the API gave for this user before. It has no router, token,
 * rules, rate limit, JSON, ETag or log. `GET /feed/<userId>` does all of this, `GET /head/<userId>` only the Redis part;
 * `PUT /feed/<userId>` stores the bytes.
 */
const { DATABASE_REPLICA_URL, REDIS_URL, BARE_PORT, DATABASE_POOL_SIZE } = process.env
/** How many the feed asks a head for when 20 photos are wanted: one more to see the end, and one more than that. */
const SLICE = 22
const CANDIDATES = 21
const TTL_SECONDS = 7 * 86_400

const redis = openRedis(REDIS_URL!)
redis.defineCommand('readSlice', { lua: READ_SLICE, numberOfKeys: 1 })
const scripts = redis as unknown as {
  readSliceBuffer(key: string, from: string, count: number, ttl: number): Promise<Buffer[]>
}
const pool = new pg.Pool({ connectionString: DATABASE_REPLICA_URL, max: Number(DATABASE_POOL_SIZE) || 10 })
const bodies = new Map<string, Buffer>()

/** The statement for a user's candidates as the service words it. */
const statements = new Map<string, { name?: string; text: string; values: unknown[] }>()

async function prepare(userId: string, body: Buffer): Promise<void> {
  const slice = await readSlice(userId)
  const ids: string[] = []
  for (let at = 2; at < slice.length && ids.length < CANDIDATES; at += 2)
    ids.push(photoIdFromBytes(slice[at]!))
  await loadPhotoCards(
    async ({ name, text, values }) => {
      statements.set(userId, { ...(name ? { name } : {}), text, values: [...(values ?? [])] })
      return []
    },
    { kind: 'user', userId },
    ids,
  )
  bodies.set(userId, body)
}

const readSlice = (userId: string) => scripts.readSliceBuffer(headKey(userId), '+inf', SLICE, TTL_SECONDS)

const server = createServer((request, response) => {
  const [, route, userId] = request.url!.split('/') as [string, string, string]
  if (request.method === 'PUT') {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      prepare(userId, Buffer.concat(chunks)).then(
        () => response.end(),
        (error: unknown) => response.destroy(error as Error),
      )
    })
    return
  }
  answer(route, userId).then(
    (body) => {
      response.setHeader('Content-Type', 'application/json')
      response.setHeader('Content-Length', body.length)
      response.end(body)
    },
    (error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    },
  )
})

async function answer(route: string, userId: string): Promise<Buffer> {
  const slice = await readSlice(userId)
  const body = bodies.get(userId)
  const statement = statements.get(userId)
  if (slice.length === 0 || !body || !statement) throw new Error(`No warm head or no body of user ${userId}`)
  if (route === 'head') return body
  const { rows } = await pool.query(statement)
  if (rows.length !== CANDIDATES) throw new Error(`${rows.length} rows for ${CANDIDATES} candidates`)
  return body
}

server.listen(Number(BARE_PORT), '127.0.0.1', () => console.log('listening'))
