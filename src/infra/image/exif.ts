import readExifTags from 'exif-reader'
import { offsetMinutes, plausibleLocalTime, type TakenAt } from '../../domain/taken-at.ts'
import { cleanText, plausible, type RawTakenWith, type TakenWith } from './taken-with.ts'

/** An ordinary EXIF block takes under 3,000 accesses. */
const maxAccesses = 20_000
/** Longer values (maker notes, thumbnails) are not used here. */
const maxValueBytes = 4_096

/** Reads a raw EXIF block. Hostile, damaged or absent EXIF gives `{}`; never throws. */
export function readExif(exif: Buffer | undefined, now = new Date()): TakenWith {
  if (!exif) return {}
  try {
    const tags = readExifTags(metered(exif))
    const image: Tags = tags.Image ?? {}
    const photo: Tags = tags.Photo ?? {}
    return plausible({
      takenAt: takenAtOf(photo, exif, now),
      make: textOf(image['Make']),
      model: textOf(image['Model']),
      lens: textOf(photo['LensModel']),
      exposureSeconds: numberOf(photo['ExposureTime']),
      fNumber: numberOf(photo['FNumber']),
      iso: isoOf(photo),
      focalLength: numberOf(photo['FocalLength']),
      equivalentFocalLength: numberOf(photo['FocalLengthIn35mmFilm']),
      flash: flashOf(photo['Flash']),
      ...positionOf(tags.GPSInfo ?? {}),
    })
  } catch {
    return {}
  }
}

type Tags = Record<string, unknown>

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

/**
 * The original's own time and offset: those of the edit (`DateTime`, `OffsetTime`) tell when a program wrote the file.
 * exif-reader gives local time as if it were UTC and lets `2023:02:31` roll over, hence the look at the text itself.
 */
function takenAtOf(photo: Tags, exif: Buffer, now: Date): TakenAt | undefined {
  const date = photo['DateTimeOriginal']
  const local = date instanceof Date ? plausibleLocalTime(date, now) : undefined
  if (!local || !exif.includes(local.replaceAll('-', ':').replace('T', ' '))) return undefined
  return { local, offsetMinutes: offsetMinutes(textOf(photo['OffsetTimeOriginal']) ?? '') ?? null }
}

/** Strings that are not ASCII arrive as bytes: UTF-8 in practice. */
function textOf(value: unknown): string | undefined {
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : value
  return typeof text === 'string' ? cleanText(text) : undefined
}

/** A number, or the first of several; `0/0` is none. */
function numberOf(value: unknown): number | undefined {
  const number: unknown = Array.isArray(value) ? value[0] : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** The short tag cannot say more than 65,535; then the long ones tell. */
function isoOf(photo: Tags): number | undefined {
  const iso = numberOf(photo['ISOSpeedRatings'])
  if (iso !== undefined && iso < 0xffff) return iso
  const longs = [photo['ISOSpeed'], photo['RecommendedExposureIndex'], photo['StandardOutputSensitivity']]
  return longs.map(numberOf).find((value) => value !== undefined && value >= 0xffff) ?? iso
}

function flashOf(value: unknown): boolean | undefined {
  const bits = numberOf(value)
  return bits === undefined ? undefined : (bits & 1) === 1
}

function positionOf(gps: Tags): Pick<RawTakenWith, 'latitude' | 'longitude' | 'altitude'> {
  if (textOf(gps['GPSStatus']) === 'V') return {} // V: the receiver had no fix.
  const height = numberOf(gps['GPSAltitude'])
  const isBelowSea = byteOf(gps['GPSAltitudeRef']) === 1
  return {
    latitude: degrees(gps['GPSLatitude'], gps['GPSLatitudeRef'], 'N', 'S'),
    longitude: degrees(gps['GPSLongitude'], gps['GPSLongitudeRef'], 'E', 'W'),
    altitude: height !== undefined && isBelowSea ? -Math.abs(height) : height,
  }
}

const byteOf = (value: unknown) => (Buffer.isBuffer(value) ? value[0] : numberOf(value))

/** Degrees, minutes and seconds; some programs write degrees, or degrees and minutes, with a fraction and nothing after them. */
function degrees(value: unknown, ref: unknown, plus: string, minus: string): number | undefined {
  const sign = { [plus]: 1, [minus]: -1 }[textOf(ref)?.toUpperCase() ?? '']
  const parts: unknown[] = Array.isArray(value) ? value : [value]
  if (!sign || parts.length > 3) return undefined
  if (!parts.every((part): part is number => typeof part === 'number' && part >= 0)) return undefined
  const [whole, minutes = 0, seconds = 0] = parts
  if (whole === undefined || minutes > 60 || seconds > 60) return undefined
  return sign * (whole + minutes / 60 + seconds / 3600)
}
