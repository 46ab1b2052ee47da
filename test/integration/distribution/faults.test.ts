import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FANOUT_START } from '../../../src/contracts/photo-fanout.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { openDatabase } from '../../../src/infra/db/database.ts'
import { createFanout, type Fanout } from '../../../src/services/distribution/push.ts'
import { EDIT_WAITS } from '../../support/factories/photos.ts'
import {
  FANOUT_QUEUES,
  openCelebrityWorld,
  SHARD_THRESHOLD,
  SHARDS,
  untilProgress,
  type CelebrityWorld,
  type FanoutRun,
} from '../../support/worlds/celebrity-world.ts'
import { lockAwaited } from '../../support/worlds/feed-world.ts'
import { startServers, type PrivateServers } from '../../support/servers/private-servers.ts'
import { startValkey, valkeyServerPath, type PrivateValkey } from '../../support/servers/private-valkey.ts'
import { eventually } from '../../support/worlds/upload-world.ts'
import { loadSecrets } from '../../../stack/instance/secrets.ts'

const FOLLOWERS = 4_000

describe('a push while Redis goes down', () => {
  let valkey: PrivateValkey
  let world: CelebrityWorld

  beforeAll(async () => {
    expect(valkeyServerPath).toBeTruthy()
    valkey = await startValkey()
    const settings = { REDIS_URL: `redis://127.0.0.1:${valkey.port}`, FANOUT_SLICE_FOLLOWERS: '200' }
    world = await openCelebrityWorld(settings, FANOUT_QUEUES)
  })
  afterAll(async () => {
    await world?.close()
    await valkey?.close()
  })

  it('waits, keeps the photo in flight and continues', async () => {
    const author = await world.author()
    const followers = await world.addFollowers(author, FOLLOWERS)
    const photoId = await world.publish(author)
    const run = await world.reconcile(photoId, author)
    await untilProgress(run, ({ followersSeen }) => followersSeen > 0)
    await valkey.kill()
    await eventually(() => run.isRetrying())
    expect((await run.progress()).state).toBe('pushing')
    expect(await world.isInFlight(photoId)).toBe(true)
    await valkey.restart()
    expect(await run.result()).toMatchObject({ state: 'done', followersSeen: FOLLOWERS })
    expect(await world.rowsOf(photoId)).toEqual(followers)
    expect(await world.isInFlight(photoId)).toBe(false)
  })
})

describe('a Postgres outage', () => {
  let servers: PrivateServers
  let world: CelebrityWorld
  let author: UserId
  let followers: UserId[]
  let readers: UserId[]

  beforeAll(async () => {
    servers = await startServers('postgres')
    world = await openCelebrityWorld({ ...servers.env, FANOUT_SLICE_FOLLOWERS: '100' }, FANOUT_QUEUES)
    author = await world.author()
    followers = await world.addFollowers(author, FOLLOWERS)
    readers = followers.filter((_, index) => index % 40 === 0)
    await world.warmHeads(readers)
  })
  afterAll(async () => {
    await world?.close()
    await servers?.close()
  })

  async function expectPushed(photoId: PhotoId, run: FanoutRun): Promise<void> {
    const everyone = { followersSeen: FOLLOWERS, delivered: FOLLOWERS }
    expect(await run.result()).toMatchObject({ state: 'done', ...everyone })
    expect(await world.rowsOf(photoId)).toEqual(followers)
    expect(await world.isInFlight(photoId)).toBe(false)
    for (const reader of readers) expect(await world.inHead(reader, photoId)).toBe(true)
  }

  it('makes a push wait and then continue', async () => {
    const photoId = await world.publish(author)
    const run = await world.reconcile(photoId, author)
    await untilProgress(run, ({ followersSeen }) => followersSeen > 0)
    await servers.kill('postgres')
    await eventually(() => run.isRetrying())
    const { state, followersSeen } = await run.progress()
    expect(state).toBe('pushing')
    expect(followersSeen).toBeLessThan(FOLLOWERS)
    await servers.restart('postgres')
    expect(await world.isInFlight(photoId)).toBe(true)
    await expectPushed(photoId, run)
  })

  it('delays recording the end of a push', async () => {
    const photoId = await world.publish(author)
    const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    // Lets batches through and holds off the statement that records the end.
    const holding = world.upload.db.transaction(async (tx) => {
      // On a busy machine the push takes longer than a transaction may idle.
      await tx.query({ text: 'SET LOCAL idle_in_transaction_session_timeout = 0' })
      await tx.query({
        text: 'SELECT FROM photo_distribution WHERE photo_id = $1 FOR SHARE',
        values: [photoId],
      })
      held.resolve()
      await release.promise
    })
    const lost = expect(holding).rejects.toThrow()
    await Promise.race([held.promise, holding])
    const run = await world.reconcile(photoId, author)
    try {
      await lockAwaited(world.upload.db, '%INSERT INTO photo_distribution%')
      expect(await world.isInFlight(photoId)).toBe(true)
      await servers.kill('postgres')
    } finally {
      release.resolve()
    }
    await lost
    await eventually(() => run.isRetrying())
    expect((await run.progress()).state).toBe('completing')
    await servers.restart('postgres')
    await expectPushed(photoId, run)
    const text = 'SELECT distribution FROM photo_distribution WHERE photo_id = $1'
    expect(await world.upload.db.primary({ text, values: [photoId] })).toEqual([{ distribution: 'all' }])
  })

  it('frees the connections of broken transactions', async () => {
    const db = await openDatabase({
      url: servers.env.DATABASE_URL!,
      poolSize: 2,
      statementTimeoutMs: 30_000,
      applicationName: 'broken-transactions',
    })
    const began = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const broken = began.map(({ resolve }) =>
      db.transaction(async ({ query }) => {
        await query({ text: 'SELECT 1' })
        resolve()
        await query({ text: 'SELECT pg_sleep(20)' })
      }),
    )
    const ends = Promise.allSettled(broken)
    await Promise.all(began.map(({ promise }) => promise))
    await servers.kill('postgres')
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await servers.restart('postgres')
    const again = [1, 2, 3].map((n) =>
      db.transaction(({ query }) => query({ text: 'SELECT $1::integer AS n', values: [n] })),
    )
    expect((await Promise.all(again)).flat()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    await db.close()
  })
})

describe('a push of several shards', () => {
  let servers: PrivateServers
  let world: CelebrityWorld
  let fanout: Fanout
  let author: UserId
  beforeAll(async () => {
    servers = await startServers('postgres', 'postgres-replica')
    world = await openCelebrityWorld(servers.env)
    const sharding = { threshold: SHARD_THRESHOLD, shards: SHARDS }
    fanout = createFanout({ db: world.upload.db, heads: world.heads, sharding })
    author = await world.author()
    await world.addFollowers(author, FOLLOWERS)
  })
  afterAll(async () => {
    await world?.close()
    await servers?.close()
  })

  /** Resolves once the last statement of another connection meets the condition. */
  async function lastStatementIs(condition: string): Promise<void> {
    await eventually(async () => {
      const rows = await world.upload.db.primary({
        text: `SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND (${condition})`,
      })
      return rows.length > 0
    })
  }

  async function planOf(photoId: PhotoId) {
    const plan = await fanout.planFanout(photoId)
    if (plan.desired === 'none') throw new Error('nothing is owed')
    return plan
  }

  it('lets a narrowing go first that waits for the batch of another shard', async () => {
    const photoId = await world.publish(author)
    const plan = await planOf(photoId)
    const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    // The batch of another shard, which locks the photo.
    const page = world.upload.db.transaction(async (tx) => {
      await tx.query({ text: 'SELECT FROM photos WHERE photo_id = $1 FOR SHARE', values: [photoId] })
      held.resolve()
      await release.promise
    })
    await held.promise
    const narrowing = world.edit(photoId, { visibility: 'private' })
    await lockAwaited(world.upload.db, EDIT_WAITS)
    const limits = { maxFollowers: FOLLOWERS + 1, maxMs: 60_000 }
    const slice = fanout.pushSlice({ photoId, plan, after: FANOUT_START }, limits)
    await lastStatementIs(`query LIKE '%JOIN pg_locks%'`)
    release.resolve()
    await Promise.all([page, narrowing])
    expect((await slice).outcome).toBe('replan')
    expect(await world.rowsOf(photoId)).toEqual([])
  })

  async function pushed(): Promise<() => Promise<boolean>> {
    const photoId = await world.publish(author)
    const plan = await planOf(photoId)
    const limits = { maxFollowers: FOLLOWERS + 1, maxMs: 60_000 }
    await fanout.pushSlice({ photoId, plan, after: FANOUT_START }, limits)
    return async () => {
      expect(await world.isInFlight(photoId)).toBe(true)
      const completed = await fanout.complete(photoId, plan)
      expect(await world.isInFlight(photoId)).toBe(false)
      return completed
    }
  }

  it('completes only after replay, in short attempts a second apart', async () => {
    await servers.pauseReplay()
    let complete
    try {
      complete = await pushed()
      const startedAt = performance.now()
      await expect(complete()).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 })
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    } finally {
      await servers.resumeReplay()
    }
    await eventually(async () => complete().catch(() => false))
  })

  it('does not wait for an archiver or a backup, which replay nothing', async () => {
    const archiver = await openArchiver(servers)
    try {
      const complete = await pushed()
      await eventually(async () => complete().catch(() => false), 5_000)
    } finally {
      archiver.end()
    }
  })

  it('waits for an absent replica until nobody can read there', async () => {
    await servers.kill('postgres-replica')
    let complete
    try {
      complete = await pushed()
      await expect(complete()).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      await servers.restart('postgres-replica')
    }
    await eventually(async () => complete().catch(() => false))
  })
})

/** Follows the primary's log as pg_receivewal does, without ever reporting its position. */
async function openArchiver({ instance }: PrivateServers): Promise<{ end(): void }> {
  const connection = {
    host: '127.0.0.1',
    port: instance.ports.postgres,
    user: 'darkroom_replication',
    password: loadSecrets(instance.layout.secrets).postgresReplication,
    application_name: 'archiver',
    replication: 'true',
  }
  const client = new pg.Client(connection)
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ xlogpos: string }>('IDENTIFY_SYSTEM')
  client.query(`START_REPLICATION PHYSICAL ${rows[0]!.xlogpos}`).catch(() => undefined)
  return { end: () => client.connection.stream.destroy() }
}
