/** When a photo was taken: local time `2024-05-01T12:34:56`, and minutes east of UTC if they are known. */
export interface TakenAt {
  local: string
  offsetMinutes: number | null
}

/** The oldest surviving photograph is from 1826. */
const FIRST_POSSIBLE_YEAR = 1826
const DAY_MS = 24 * 60 * 60 * 1000

const LOCAL_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * Reads ISO 8601 local time with an optional offset. Undefined for a time that no calendar or clock has, from before
 * photography, or in the future of every time zone.
 */
export function parseTakenAt(text: string, now = new Date()): TakenAt | undefined {
  const [, minute, seconds = '00', zone] = LOCAL_TIME.exec(text) ?? []
  if (minute === undefined) return undefined
  const local = plausibleLocalTime(new Date(`${minute}:${seconds}Z`), now)
  if (local !== `${minute}:${seconds}`) return undefined
  if (zone === undefined) return { local, offsetMinutes: null }
  const offset = zone === 'Z' ? 0 : offsetMinutes(zone)
  return offset === undefined ? undefined : { local, offsetMinutes: offset }
}

/** The local time that `date` gives as if it were UTC; undefined if no photo can have been taken then. */
export function plausibleLocalTime(date: Date, now: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined
  if (date.getUTCFullYear() < FIRST_POSSIBLE_YEAR || date.getTime() > now.getTime() + DAY_MS) return undefined
  return date.toISOString().slice(0, 19)
}

/** `+02:00` as minutes east of UTC; undefined for what no zone has. */
export function offsetMinutes(offset: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(0\d|1[0-4]):([0-5]\d)$/.exec(offset) ?? []
  if (sign === undefined) return undefined
  const east = Number(hours) * 60 + Number(minutes)
  return sign === '-' && east > 0 ? -east : east
}

/** `2024-05-01T12:34:56`, followed by `+02:00` only if the offset is known. */
export function formatTakenAt({ local, offsetMinutes }: TakenAt): string {
  if (offsetMinutes === null) return local
  const minutes = Math.abs(offsetMinutes)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
