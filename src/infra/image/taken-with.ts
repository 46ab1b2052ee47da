import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { TakenAt } from '../../domain/taken-at.ts'

/** What a file says about how a photo was taken; each part is present only if plausible. */
export interface TakenWith {
  takenAt?: TakenAt
  /** Maker and model in one string, cut to MAX_CHARACTERS.camera. */
  camera?: string
  cameraMake?: string
  cameraModel?: string
  lens?: string
  exposureSeconds?: number
  fNumber?: number
  iso?: number
  /** In millimetres. */
  focalLength?: number
  /** The focal length that gives the same view on film of 35 mm. */
  equivalentFocalLength?: number
  /** Whether the flash fired. */
  flash?: boolean
  /** WGS 84 degrees. */
  location?: { latitude: number; longitude: number }
  /** Metres above sea level. */
  altitude?: number
}

/** As read, before it is judged: whatever is no plausible value of its kind counts as absent. */
export interface RawTakenWith {
  takenAt?: TakenAt | undefined
  make?: string | undefined
  model?: string | undefined
  lens?: string | undefined
  exposureSeconds?: number | undefined
  fNumber?: number | undefined
  iso?: number | undefined
  focalLength?: number | undefined
  equivalentFocalLength?: number | undefined
  flash?: boolean | undefined
  latitude?: number | undefined
  longitude?: number | undefined
  altitude?: number | undefined
}

/** Bounds beyond every camera: a day's exposure, a pinhole, a telescope. */
export function plausible(raw: RawTakenWith): TakenWith {
  const location = placeOf(raw.latitude, raw.longitude)
  return definedOf({
    takenAt: raw.takenAt,
    camera: cameraName(raw.make, raw.model),
    cameraMake: cut(raw.make, MAX_CHARACTERS.cameraPart),
    cameraModel: cut(raw.model, MAX_CHARACTERS.cameraPart),
    lens: cut(raw.lens, MAX_CHARACTERS.lens),
    exposureSeconds: within(raw.exposureSeconds, 1e-7, 86_400),
    fNumber: within(raw.fNumber, 0.1, 10_000),
    iso: whole(raw.iso, 1, 100_000_000),
    focalLength: within(raw.focalLength, 0.01, 100_000),
    equivalentFocalLength: whole(raw.equivalentFocalLength, 1, 100_000),
    flash: raw.flash,
    location,
    // Below the Dead Sea's ground and above every aeroplane; without a place it says nothing.
    altitude: location && within(raw.altitude, -12_000, 50_000),
  })
}

/** One line of printable, well-formed text; undefined if nothing is left. */
export function cleanText(value: string | undefined): string | undefined {
  const text = value
    ?.toWellFormed()
    .replaceAll(/[\p{C}\s\ufffd]+/gu, ' ')
    .trim()
  return text === '' ? undefined : text
}

function cameraName(make = '', model = ''): string | undefined {
  const name = model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`
  return cut(name.trim(), MAX_CHARACTERS.camera)
}

function placeOf(latitude?: number, longitude?: number): TakenWith['location'] {
  if (latitude === undefined || longitude === undefined) return undefined
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined
  const [north, east] = [rounded(latitude), rounded(longitude)]
  // 0, 0 lies in the open sea; cameras write it when they have no fix.
  return north === 0 && east === 0 ? undefined : { latitude: north, longitude: east }
}

/** To a tenth of a metre; never −0. */
const rounded = (degrees: number) => Math.round(degrees * 1e6) / 1e6 + 0

function cut(text: string | undefined, maxCharacters: number): string | undefined {
  return text ? [...text].slice(0, maxCharacters).join('') : undefined
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function whole(value: number | undefined, min: number, max: number): number | undefined {
  return within(value === undefined ? undefined : Math.round(value), min, max)
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> }

function definedOf<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<Values>
}
