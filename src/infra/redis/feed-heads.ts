import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { FeedPosition } from '../../domain/feed-page.ts'
import { withDeadline } from '../deadline.ts'
import { createRedisBreaker, type RedisBreaker } from './breaker.ts'
import type { RedisClient } from './client.ts'
import { photoIdFromBytes, photoIdToBytes } from './photo-id-bytes.ts'
import { BEGIN_BUILD, CLOCK, FINISH_BUILD, PUSH_SLOT, READ_SLICE, REMOVE_SLOT } from './scripts/feed-heads.ts'
import { feedBucket } from '../../domain/buckets.ts'

/** Ten pages of 20; measured at 5.6 KB as a listpack (`zset-max-listpack-entries 256`) with 16-byte members. */
const HEAD_ITEMS = 200
/** A head not read for this long expires; the next read rebuilds it. */
const HEAD_TTL_SECONDS = 7 * 86_400
/** A builder that died holds off others for at most this long; readers pull meanwhile. */
const BUILD_TTL_SECONDS = 10
/** A push or removal is given up after this long, because its caller holds the lock of the photo. */
const PAGE_TIMEOUT_MS = 2_000
/**
 * This many heads are written at a time, so that readers wait half a millisecond behind them instead of ten for a
 * batch.
 */
const HEADS_AT_ONCE = 50

/** A part of a warm head, newest first. */
export interface HeadSlice {
  /** The feed epoch that the head was built under; older than the reader's means void. */
  epoch: number
  /** The head is complete for scores above this and unknown at or below it; 0 means complete to the end. */
  floor: number
  items: FeedPosition[]
}

/** A rebuild under way; pushes land in the head from its beginning on. */
export interface HeadBuild {
  nonce: Buffer
}

/** The newest photos of each feed, in Redis. Every method throws when Redis does not answer in time. */
export interface FeedHeads {
  /** How many photos a head holds at most. */
  readonly maxItems: number
  /** Up to `count` photos below `below` (undefined: from the top); undefined without a warm head. */
  readSlice(userId: UserId, below: FeedPosition | undefined, count: number): Promise<HeadSlice | undefined>
  /** Starts a rebuild unless a head of at least `epoch` is there or being built. */
  beginBuild(userId: UserId, epoch: number): Promise<HeadBuild | 'warm' | 'building'>
  /** Makes the head warm; false, with nothing done, if another build took over or the history of the server broke. */
  finishBuild(userId: UserId, build: HeadBuild, slice: HeadSlice): Promise<boolean>
  /** Adds a photo to those of the heads that are warm or being built; resolves with how many of them lacked it. */
  push(userIds: readonly UserId[], photo: FeedPosition): Promise<number>
  /**
   * Takes a photo out of the heads, whatever their state; resolves with how many had it. Once it has settled, even by
   * an error, nothing more is removed.
   */
  remove(userIds: readonly UserId[], photoId: PhotoId): Promise<number>
}

/** @param msLeft how many ms remain until the caller gives up */
type CallSlot = (keys: string[], msLeft: () => number) => Promise<number>
type SlotScript = (keyCount: number, ...args: (Buffer | string | number)[]) => Promise<number>

interface Scripts {
  darkroomReadSliceBuffer(key: string, from: string, count: number, ttl: number): Promise<Buffer[]>
  darkroomBeginBuild(key: string, nonce: Buffer, epoch: number, ttl: number): Promise<string>
  darkroomFinishBuild(key: string, ...args: (Buffer | string | number)[]): Promise<number>
  darkroomClock(key: string): Promise<[history: string, nowMs: number]>
  darkroomPushSlot: SlotScript
  darkroomRemoveSlot: SlotScript
}

/** The Redis key of a user's head; heads with one hash tag share a slot. */
export function headKey(userId: UserId): string {
  return `feed:{${headHashTag(userId)}}:${userId}`
}

/**
 * This many neighbouring buckets share a slot. A push takes them one after the other, so one script call serves their
 * heads (ADR 15).
 */
const BUCKETS_PER_HASH_TAG = 16

/**
 * The hash tag of a user's head: one of 1,024, in four octal digits. A slot is a CRC and thus linear in the bits of the
 * tag; in this spelling, every 16 of the 16,384 slots get exactly one tag. With decimal numbers, some of 300 nodes got
 * up to 9 tags and some got none.
 */
export function headHashTag(userId: UserId): string {
  return `b${Math.floor(feedBucket(userId) / BUCKETS_PER_HASH_TAG)
    .toString(8)
    .padStart(4, '0')}`
}

export interface FeedHeadsOptions {
  /** How many photos a head holds at most; tests use small heads to reach the other tiers soon. */
  maxItems?: number
  /** Shared with the other requests to this client. */
  breaker?: RedisBreaker
}

/** The heads on a standalone server or a cluster. */
export function createFeedHeads(
  redis: RedisClient,
  { maxItems = HEAD_ITEMS, breaker = createRedisBreaker(redis) }: FeedHeadsOptions = {},
): FeedHeads {
  redis.defineCommand('darkroomReadSlice', { lua: READ_SLICE, numberOfKeys: 1 })
  redis.defineCommand('darkroomBeginBuild', { lua: BEGIN_BUILD, numberOfKeys: 1 })
  redis.defineCommand('darkroomFinishBuild', { lua: FINISH_BUILD, numberOfKeys: 1 })
  redis.defineCommand('darkroomClock', { lua: CLOCK, numberOfKeys: 1 })
  redis.defineCommand('darkroomPushSlot', { lua: PUSH_SLOT })
  redis.defineCommand('darkroomRemoveSlot', { lua: REMOVE_SLOT })
  const scripts = redis as unknown as Scripts

  /** Calls once for each slot of some heads at a time; Redis serves readers in between. */
  async function inEachSlot(userIds: readonly UserId[], callSlot: CallSlot): Promise<number> {
    const deadline = performance.now() + PAGE_TIMEOUT_MS
    const msLeft = () => deadline - performance.now()
    let changed = 0
    for (let begin = 0; begin < userIds.length; begin += HEADS_AT_ONCE) {
      if (msLeft() <= 0) tooLate()
      const slots = [...Map.groupBy(userIds.slice(begin, begin + HEADS_AT_ONCE), headHashTag).values()]
      const calls = slots.map((users) => callSlot(users.map(headKey), msLeft))
      changed += sum(await withDeadline(msLeft(), allAnswers(calls), tooLate))
    }
    return changed
  }

  async function inSlot(
    script: 'darkroomPushSlot' | 'darkroomRemoveSlot',
    keys: string[],
    args: (Buffer | string | number)[],
  ): Promise<number> {
    try {
      return await scripts[script](keys.length, ...keys, ...args)
    } catch (error) {
      if (keys.length === 1 || !isSlotMigrating(error)) throw error
      // While a slot migrates, its keys are on two nodes; calls with a single key follow them (ASK).
      return sum(await allAnswers(keys.map((key) => scripts[script](1, key, ...args))))
    }
  }

  /** A removal that arrives late does nothing, because the photo may belong in the heads again by then (ADR 11). */
  async function removeInTime(keys: string[], photoId: PhotoId, msLeft: () => number): Promise<number> {
    const [history, nowMs] = await scripts.darkroomClock(keys[0]!)
    const until = nowMs + Math.floor(msLeft())
    try {
      return await inSlot('darkroomRemoveSlot', keys, [photoIdToBytes(photoId), history, until])
    } catch (error) {
      // It may still be on its way, so the lock of the caller has to last until it would be late.
      await delay(msLeft())
      throw error
    }
  }

  return {
    maxItems,
    async readSlice(userId, below, count) {
      const key = headKey(userId)
      const from = below ? String(below.score) : '+inf'
      const reply = await breaker.whileAnswering(key, () =>
        scripts.darkroomReadSliceBuffer(key, from, count, HEAD_TTL_SECONDS),
      )
      return reply.length === 0 ? undefined : parseSlice(reply, below)
    },
    async beginBuild(userId, epoch) {
      const key = headKey(userId)
      const nonce = randomBytes(8)
      const answer = await breaker.whileAnswering(key, () =>
        scripts.darkroomBeginBuild(key, nonce, epoch, BUILD_TTL_SECONDS),
      )
      return answer === 'begun' ? { nonce } : (answer as 'warm' | 'building')
    },
    async finishBuild(userId, { nonce }, { epoch, floor, items }) {
      const key = headKey(userId)
      const members = items.flatMap((item) => [item.score, photoIdToBytes(item.photoId)])
      const args = [nonce, epoch, floor, HEAD_TTL_SECONDS, maxItems, ...members]
      const done = await breaker.whileAnswering(key, () => scripts.darkroomFinishBuild(key, ...args))
      return done === 1
    },
    async push(userIds, photo) {
      const args = [photo.score, photoIdToBytes(photo.photoId), maxItems]
      return inEachSlot(userIds, (keys) => inSlot('darkroomPushSlot', keys, args))
    },
    remove: (userIds, photoId) => inEachSlot(userIds, (keys, msLeft) => removeInTime(keys, photoId, msLeft)),
  }
}

function parseSlice([epoch, floor, ...rest]: Buffer[], below: FeedPosition | undefined): HeadSlice {
  const items: FeedPosition[] = []
  for (let index = 0; index < rest.length; index += 2) {
    const item = { photoId: photoIdFromBytes(rest[index]!), score: Number(rest[index + 1]!.toString()) }
    if (!below || item.score < below.score || item.photoId < below.photoId) items.push(item)
  }
  return { epoch: Number(epoch!.toString()), floor: Number(floor!.toString()), items }
}

/**
 * ioredis repeats a command that was answered TRYAGAIN, in turn on the node and on another one, which answers MOVED,
 * and gives up with either error. Both are answers, so nothing was done; a command that timed out may still be done and
 * is not repeated.
 */
function isSlotMigrating(error: unknown): boolean {
  return error instanceof Error && /TRYAGAIN|Too many Cluster redirections/.test(error.message)
}

function tooLate(): never {
  throw new Error('Redis did not answer in time')
}

/** Waits for every answer even if one is an error, because a command without an answer may still be done. */
async function allAnswers<T>(calls: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(calls)
  return Promise.all(calls)
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
