import { pino } from 'pino'
import { FANOUT_START } from '../../../src/contracts/photo-fanout.ts'
import { compareFeedOrder, type FeedPosition } from '../../../src/domain/feed-page.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Visibility } from '../../../src/domain/visibility.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { openRedis, type RedisClient } from '../../../src/infra/redis/client.ts'
import { createFeedHeads, headKey, type FeedHeads } from '../../../src/infra/redis/feed-heads.ts'
import type { FeedTier } from '../../../src/observability/feed-events.ts'
import { createFanout, type Fanout } from '../../../src/services/distribution/push.ts'
import { createInFlightCopy, type InFlightCopy } from '../../../src/services/feed/in-flight-copy.ts'
import { createFeed, type Feed } from '../../../src/services/feed/feed.ts'
import type { ReadTiersDeps } from '../../../src/services/feed/read-tiers.ts'
import type { Page } from '../../../src/services/lists/list-read.ts'
import type { PhotoCard } from '../../../src/services/photos/photo-cards.ts'
import { buildUser } from '../factories/accounts.ts'
import { follow, unfollow } from '../factories/follows.ts'
import { ANY_FOLLOWERS, buildPhoto, deletePhoto, editPhoto } from '../factories/photos.ts'
import { feedPageFor } from '../list-read.ts'
import { measured } from '../metrics.ts'
import { settle } from '../replica.ts'
import { eventually } from './upload-world.ts'

/** A moment in 2026; scores that tests choose lie around it. */
export const NOON_MS = 1_790_000_000_000
const silent = pino({ level: 'silent' })
const FEED_TIERS: readonly FeedTier[] = ['head', 'rebuilt', 'rows', 'pull']

export interface World {
  db: Database
  redis: RedisClient
  heads: FeedHeads
  feed: Feed
  fanout: Fanout
  /** The tiers that have served since the last call, as often as they did, in the order in which they are tried. */
  tiers(): Promise<FeedTier[]>
  /** A feed service of its own, such as another process would have. */
  feedWith(heads: FeedHeads, options?: Partial<ReadTiersDeps>): Feed
  /** Photos in flight, as this process knows them; polled only when a test asks. */
  inFlight: InFlightCopy
  account(): Promise<UserId>
  /** A published photo; its fanout is the caller's. */
  photo(
    owner: UserId,
    options?: { score?: number; visibility?: Visibility; photoId?: PhotoId; inFlight?: boolean },
  ): Promise<FeedPosition>
  /** As workflow photoFanout does. */
  distribute(photoId: PhotoId): Promise<number>
  publish(owner: UserId, options?: { score?: number; visibility?: Visibility }): Promise<FeedPosition>
  follow(follower: UserId, followee: UserId): Promise<void>
  unfollow(follower: UserId, followee: UserId): Promise<void>
  /** @param options `inFlight`: is in flight if that brings it into feeds */
  setVisibility(photoId: PhotoId, visibility: Visibility, options?: { inFlight?: boolean }): Promise<void>
  remove(photoId: PhotoId): Promise<void>
  /** Resolves when the replica has all that was committed. */
  settle(): Promise<void>
  /** The feed by brute force: membership minus filters, on the primary. */
  expected(viewer: UserId): Promise<PhotoId[]>
  /** All pages of a feed. */
  walk(viewer: UserId, limit: number, feed?: Feed, readFrom?: Database): Promise<PhotoId[]>
  flushHead(userId: UserId): Promise<void>
  close(): Promise<void>
}

export interface WorldOptions {
  /** Settings that name servers other than the file's. */
  servers?: Record<string, string>
  headItems?: number
  /** Stored rows of a feed; with how many followees on they are stored. */
  rows?: number
  minFollowing?: number
}

/** Services on the servers that the environment names. */
export async function openWorld({ headItems, servers, ...rows }: WorldOptions = {}): Promise<World> {
  const env = { ...process.env, ...servers }
  const db = await openDatabase({
    url: env.DATABASE_URL!,
    replicaUrl: env.DATABASE_REPLICA_URL,
    poolSize: 8,
    statementTimeoutMs: 30_000,
    applicationName: 'feed-tests',
  })
  const redis = openRedis(env.REDIS_URL!)
  const heads = createFeedHeads(redis, headItems === undefined ? {} : { maxItems: headItems })
  const servedBefore = new Map<FeedTier, number>()
  const feedWith: World['feedWith'] = (of, options = {}) =>
    createFeed({
      db,
      heads: of,
      inFlight,
      logger: silent,
      ...rows,
      ...options,
    })
  const inFlight = createInFlightCopy({ db, logger: silent, maxAgeMs: Infinity })
  await inFlight.refresh()
  const feed = feedWith(heads)
  const fanout = createFanout({ db, heads })

  const photo: World['photo'] = (owner, { score, ...options } = {}) =>
    buildPhoto(db, owner, { ...options, ...(score === undefined ? {} : { publishedAt: score }) })
  const distribute: World['distribute'] = async (photoId) => {
    for (;;) {
      const plan = await fanout.planFanout(photoId)
      if (plan.desired === 'none') return 0
      for (let after = FANOUT_START; ;) {
        const { outcome, position } = await fanout.pushSlice(
          { photoId, plan, after },
          { maxFollowers: 500, maxMs: 2_000 },
        )
        if (outcome === 'done') return position.feedsWritten
        if (outcome === 'replan') break
        after = position
      }
    }
  }
  await settle(db)

  return {
    db,
    redis,
    heads,
    feed,
    fanout,
    feedWith,
    inFlight,
    async tiers() {
      const served: FeedTier[] = []
      for (const tier of FEED_TIERS) {
        const count = await measured('darkroom_feed_scans_total', { tier })
        served.push(...Array<FeedTier>(count - (servedBefore.get(tier) ?? 0)).fill(tier))
        servedBefore.set(tier, count)
      }
      return served
    },
    account: async () => (await buildUser(db)).userId,
    photo,
    distribute,
    async publish(owner, options) {
      const position = await photo(owner, options)
      await distribute(position.photoId)
      return position
    },
    follow: (follower, followee) => follow(db, follower, followee),
    unfollow: (follower, followee) => unfollow(db, follower, followee),
    setVisibility: (photoId, visibility, { inFlight = false } = {}) =>
      editPhoto(db, photoId, { visibility }, inFlight ? { fanoutShardThreshold: ANY_FOLLOWERS } : {}),
    remove: (photoId) => deletePhoto(db, photoId),
    settle: () => settle(db),
    async expected(viewer) {
      const idsOf = async (text: string) =>
        (await db.primary<{ id: UserId }>({ text, values: [viewer] })).map(({ id }) => id)
      const followees = await idsOf('SELECT followee_id AS id FROM follows WHERE follower_id = $1')
      const hidden = [
        ...(await idsOf(
          'SELECT muted_id AS id FROM mutes WHERE muter_id = $1 AND coalesce(until > now(), true)',
        )),
        ...(await idsOf('SELECT blocked_id AS id FROM blocks WHERE blocker_id = $1')),
        ...(await idsOf('SELECT blocker_id AS id FROM blocks WHERE blocked_id = $1')),
      ]
      const owners = [viewer, ...followees.filter((id) => !hidden.includes(id))]
      const photos = await db.primary<{
        photo_id: PhotoId
        score: string | null
        status: string
        visibility: string
      }>({
        text: 'SELECT photo_id, score, status, visibility FROM photos WHERE owner_id = ANY ($1::bigint[])',
        values: [owners],
      })
      return photos
        .filter((row) => row.status === 'ready' && row.visibility !== 'private')
        .map((row) => ({ photoId: row.photo_id, score: Number(row.score) }))
        .sort(compareFeedOrder)
        .map((row) => row.photoId)
    },
    async walk(viewer, limit, of = feed, readFrom = db) {
      const ids: PhotoId[] = []
      let cursor: string | undefined
      for (let pages = 0; pages < 10_000; pages++) {
        const page: Page<PhotoCard> = await of.readFeed(feedPageFor(readFrom, viewer, { limit, cursor }))
        if (page.items.length > limit) throw new Error(`a page of ${page.items.length}, limit ${limit}`)
        ids.push(...page.items.map((card) => card.photoId))
        if (page.nextCursor === null) return ids
        cursor = page.nextCursor
      }
      throw new Error('the feed does not end')
    },
    async flushHead(userId) {
      await redis.del(headKey(userId))
    },
    async close() {
      await feed.idle()
      redis.disconnect()
      await db.close()
    },
  }
}

export interface ViewerOfMany {
  viewer: UserId
  author: UserId
  newestFirst: PhotoId[]
}

/** A viewer who follows an author of `count` photos, two of each score, so that every other neighbour is a tie. */
export async function viewerOfMany(world: World, count: number): Promise<ViewerOfMany> {
  const viewer = await world.account()
  const author = await world.account()
  await world.follow(viewer, author)
  for (let n = 0; n < count; n++) await world.photo(author, { score: NOON_MS + Math.floor(n / 2) })
  await world.settle()
  return { viewer, author, newestFirst: await world.expected(viewer) }
}

/** The photos of a page, in its order. */
export const idsOf = (page: Pick<Page<PhotoCard>, 'items'>): PhotoId[] =>
  page.items.map((card) => card.photoId)

/** Resolves when a statement like this one (SQL LIKE) waits for a lock. */
export async function lockAwaited(db: Database, pattern: string): Promise<void> {
  const text = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`
  await eventually(async () => (await db.primary({ text, values: [pattern] })).length > 0, 60_000)
}
