import { once } from 'node:events'
import { connect } from 'node:net'
import pg from 'pg'
import type { PhotoId, UserId } from '../src/domain/ids.ts'
import { photoIdToBytes } from '../src/infra/redis/photo-id-bytes.ts'
import { headKey } from '../src/infra/redis/feed-heads.ts'
import type { RedisClient } from '../src/infra/redis/client.ts'

/** Serialised Redis commands for one bucket's heads, and how many replies they bring. */
export interface HeadUpdates {
  bytes: Buffer[]
  replies: number
}

/** How many photos a head holds; one more pushes the oldest out. */
const HEAD_ITEMS = 200
/** Field `floor` of the sentinel (infra/redis/scripts/feed-heads.ts): a little-endian double. */
const FLOOR_AT_BYTE = 17

/**
 * What the push of a photo writes to full warm heads, as Redis itself would pass it on to a replica: the photo in, the
 * oldest out together with the sentinel, the sentinel back with its new floor. It uses neither checks nor scripts.
 *
 * @param buckets followers by bucket; within a bucket all heads must hold the same
 */
export async function serialiseHeadUpdates(
  redis: RedisClient,
  buckets: readonly UserId[][],
  photo: { photoId: PhotoId; score: number },
): Promise<HeadUpdates> {
  const member = photoIdToBytes(photo.photoId)
  const bytes: Buffer[] = []
  let replies = 0
  for (const users of buckets) {
    const first = headKey(users[0]!)
    const [sentinel, , , lowestScore] = await redis.zrangeBuffer(first, '0', '1', 'WITHSCORES')
    const isFull = (await redis.zcard(first)) > HEAD_ITEMS
    const floor = Number(lowestScore!.toString())
    const raised = Buffer.from(sentinel!)
    raised.writeDoubleLE(floor, FLOOR_AT_BYTE)
    for (const user of users) {
      const key = headKey(user)
      bytes.push(command('ZADD', key, String(photo.score), member))
      replies++
      if (!isFull) continue
      bytes.push(command('ZREMRANGEBYSCORE', key, '-1', String(floor)), command('ZADD', key, '-1', raised))
      replies += 2
    }
  }
  return { bytes: joined(bytes), replies }
}

/** A command in the Redis protocol. */
export function command(...args: (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

const CHUNK_COMMANDS = 1_000

function joined(commands: readonly Buffer[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < commands.length; at += CHUNK_COMMANDS) {
    chunks.push(Buffer.concat(commands.slice(at, at + CHUNK_COMMANDS)))
  }
  return chunks
}

const NEW_LINE = 10
const ERROR_MARK = 45

/** Sends everything on one connection and waits for the last reply. @throws on an error reply */
export async function replay(port: number, { bytes, replies }: HeadUpdates): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let seen = 0
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (chunk[0] === ERROR_MARK) reject(new Error(chunk.subarray(0, 200).toString()))
      for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, at + 1)) seen++
      if (seen >= replies) resolve()
    })
  })
  const send = async () => {
    for (const chunk of bytes) if (!socket.write(chunk)) await once(socket, 'drain')
  }
  try {
    await Promise.all([send(), done])
  } finally {
    socket.destroy()
  }
}

const INSERT_ALL = `
  INSERT INTO feed_items (user_id, score, photo_id)
  SELECT f.follower_id, $2::bigint, $3::uuid FROM follows f
  JOIN feed_state s ON s.user_id = f.follower_id AND s.enrolled
  WHERE f.followee_id = $1::bigint
  ON CONFLICT DO NOTHING`

/** Inserts the rows of all feeds with one statement; Postgres chooses the plan. */
export async function insertRows(
  databaseUrl: string,
  ownerId: UserId,
  photo: { photoId: PhotoId; score: number },
): Promise<number> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    return (await client.query(INSERT_ALL, [ownerId, photo.score, photo.photoId])).rowCount!
  } finally {
    await client.end()
  }
}
