import { randomBytes } from 'node:crypto'
import type { UserId } from '../../domain/ids.ts'
import type { RedisClient } from './client.ts'
import { APPEND, READ } from './scripts/event-logs.ts'

/** Someone who has missed more events than this is better served by fetching the lists. */
const LOG_ENTRIES = 200
/** How long after the last reader has left one can still read on. */
const LOG_TTL_SECONDS = 3_600

/** A place in a log: the id of the entry that was read last and the name of the log. */
export type LogPosition = string

interface LogEntry {
  position: LogPosition
  type: string
  /** JSON */
  data: string
}

/** What a log holds after a position. */
export interface LogSlice {
  /** False if the position is not in the log, so that entries after it may be missing. */
  known: boolean
  /** Where to read on. */
  position: LogPosition
  /** Oldest first; none if the position is not known. */
  entries: LogEntry[]
}

/** The latest events of each account, in Redis. Every method throws when Redis does not answer. */
export interface EventLogs {
  /** Appends an entry and wakes those who follow the log; false if there is no log, as nobody has read it for an hour. */
  append(userId: UserId, entry: { type: string; data: string }): Promise<boolean>
  /** Up to `count` entries after a position; undefined: none, from the end. A log begins when it is first read. */
  read(userId: UserId, after: LogPosition | undefined, count: number): Promise<LogSlice>
}

interface Scripts {
  darkroomAppendEvent(key: string, type: string, data: string, most: number): Promise<string | null>
  darkroomReadEvents(
    key: string,
    after: string,
    count: number,
    ttl: number,
    nameIfNew: string,
  ): Promise<[position: string, entries?: [id: string, fields: string[]][]]>
}

/** The Redis key of an account's log, and the channel that wakes its followers. */
export function eventLogKey(userId: UserId): string {
  return `events:${userId}`
}

export function createEventLogs(redis: RedisClient): EventLogs {
  redis.defineCommand('darkroomAppendEvent', { lua: APPEND, numberOfKeys: 1 })
  redis.defineCommand('darkroomReadEvents', { lua: READ, numberOfKeys: 1 })
  const scripts = redis as unknown as Scripts

  return {
    async append(userId, { type, data }) {
      const position = await scripts.darkroomAppendEvent(eventLogKey(userId), type, data, LOG_ENTRIES)
      return position !== null
    },
    async read(userId, after, count) {
      const key = eventLogKey(userId)
      const [end, found] = await scripts.darkroomReadEvents(
        key,
        after ?? '',
        count,
        LOG_TTL_SECONDS,
        logName(),
      )
      const entries = (found ?? []).map(toEntry)
      return { known: found !== undefined, position: entries.at(-1)?.position ?? end, entries }
    },
  }
}

/** No two logs of an account have the same name. */
const logName = () => randomBytes(9).toString('base64url')

function toEntry([id, fields]: [id: string, fields: string[]]): LogEntry {
  const [, , , log, , type, , data] = fields
  return { position: `${id}/${log!}`, type: type!, data: data! }
}
