import readExifTags from 'exif-reader'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** What EXIF says about how a photo was taken; each part is present only if plausible. */
export interface TakenWith {
  /** Local time where it was taken, `2024-05-01T12:34:56`, without a zone. */
  takenAt?: string
  /** Its offset from UTC, `+02:00`. */
  takenAtOffset?: string
  /** Maker and model in one string, cut to MAX_CHARACTERS.camera. */
  camera?: string
  /** WGS 84 degrees. */
  location?: { latitude: number; longitude: number }
}

/** An ordinary EXIF block takes under 3,000 accesses. */
const maxAccesses = 20_000
/** Longer values (maker notes, thumbnails) are not used here. */
const maxValueBytes = 4_096
/** The oldest surviving photograph is from 1826. */
const firstPossibleYear = 1826
const dayMs = 24 * 60 * 60 * 1000

/** Reads a raw EXIF block. Hostile, damaged or absent EXIF gives `{}`; never throws. */
export function readExif(exif: Buffer | undefined, now = new Date()): TakenWith {
  if (!exif) return {}
  try {
    const tags = readExifTags(metered(exif))
    const takenAt = localTime(tags.Photo?.DateTimeOriginal, exif, now)
    const takenAtOffset = takenAt && utcOffset(tags.Photo?.OffsetTimeOriginal)
    const camera = cameraName(tags.Image?.Make, tags.Image?.Model)
    const location = coordinates(tags.GPSInfo)
    return {
      ...(takenAt && { takenAt }),
      ...(takenAtOffset && { takenAtOffset }),
      ...(camera && { camera }),
      ...(location && { location }),
    }
  } catch {
    return {}
  }
}

/**
 * Bounds the reader's work: it believes a tag's declared count, and thousands of tags that each declare all of the block
 * would take seconds and gigabytes. Every access counts, and values are cut.
 */
function metered(exif: Buffer): Buffer {
  let accesses = 0
  return new Proxy(exif, {
    get(target, key) {
      if (++accesses > maxAccesses) throw new RangeError('EXIF is too large')
      if (key === 'slice') {
        return (start: number, end: number) => target.subarray(start, Math.min(end, start + maxValueBytes))
      }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** exif-reader gives local time as if it were UTC and lets `2023:02:31` roll over, hence the look at the text itself. */
function localTime(date: unknown, exif: Buffer, now: Date): string | undefined {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) return undefined
  if (date.getUTCFullYear() < firstPossibleYear || date.getTime() > now.getTime() + dayMs) return undefined
  const local = date.toISOString().slice(0, 19)
  return exif.includes(local.replaceAll('-', ':').replace('T', ' ')) ? local : undefined
}

function utcOffset(value: unknown): string | undefined {
  const offset = cleanText(value)
  return /^[+-](0\d|1[0-4]):[0-5]\d$/.test(offset) ? offset : undefined
}

function cameraName(makeTag: unknown, modelTag: unknown): string {
  const [make, model] = [cleanText(makeTag), cleanText(modelTag)]
  const name = model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`
  return [...name.trim()].slice(0, MAX_CHARACTERS.camera).join('')
}

/** One line of printable, well-formed text. Strings that are not ASCII arrive as bytes: UTF-8 in practice. */
function cleanText(value: unknown): string {
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : value
  if (typeof text !== 'string') return ''
  return text
    .toWellFormed()
    .replaceAll(/[\p{C}\s\ufffd]+/gu, ' ')
    .trim()
}

function coordinates(gps: Record<string, unknown> | null | undefined): TakenWith['location'] | undefined {
  if (!gps || cleanText(gps.GPSStatus) === 'V') return undefined // V: the receiver had no fix.
  const latitude = degrees(gps.GPSLatitude, gps.GPSLatitudeRef, 'N', 'S', 90)
  const longitude = degrees(gps.GPSLongitude, gps.GPSLongitudeRef, 'E', 'W', 180)
  if (latitude === undefined || longitude === undefined) return undefined
  // 0, 0 lies in the open sea; cameras write it when they have no fix.
  return latitude === 0 && longitude === 0 ? undefined : { latitude, longitude }
}

function degrees(
  value: unknown,
  ref: unknown,
  plus: string,
  minus: string,
  limit: number,
): number | undefined {
  const sign = { [plus]: 1, [minus]: -1 }[cleanText(ref).toUpperCase()]
  if (!sign || !Array.isArray(value) || value.length !== 3) return undefined
  const [whole, minutes, seconds] = value as [unknown, unknown, unknown]
  if (![whole, minutes, seconds].every((part) => typeof part === 'number' && part >= 0)) return undefined
  if (Number(minutes) > 60 || Number(seconds) > 60) return undefined
  const angle = Number(whole) + Number(minutes) / 60 + Number(seconds) / 3600
  return angle <= limit ? (sign * Math.round(angle * 1e6)) / 1e6 : undefined
}
