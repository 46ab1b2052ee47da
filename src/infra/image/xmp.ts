import sax from 'sax'
import { parseTakenAt } from '../../domain/taken-at.ts'
import { cleanText, plausible, type TakenWith } from './taken-with.ts'

/** Longer packets hold histories and embedded thumbnails. */
const maxCharacters = 256 * 1024
const maxDepth = 64
const maxNodes = 5_000
const maxValueCharacters = 1_000

const EXIF = 'http://ns.adobe.com/exif/1.0/'
const EXIF_EX = 'http://cipa.jp/exif/1.0/'
const AUX = 'http://ns.adobe.com/exif/1.0/aux/'
const TIFF = 'http://ns.adobe.com/tiff/1.0/'
const PHOTOSHOP = 'http://ns.adobe.com/photoshop/1.0/'
const NAMESPACES = new Set([EXIF, EXIF_EX, AUX, TIFF, PHOTOSHOP])

/** Reads an XMP packet. Hostile, damaged or absent XMP gives `{}`; never throws. */
export function readXmp(packet: string | undefined, now = new Date()): TakenWith {
  if (!packet || packet.length > maxCharacters) return {}
  try {
    const values = propertiesOf(packet)
    const text = (namespace: string, name: string) => cleanText(values.get(namespace + name))
    const number = (namespace: string, name: string) => rational(values.get(namespace + name))
    const time = values.get(`${EXIF}DateTimeOriginal`) ?? values.get(`${PHOTOSHOP}DateCreated`)
    const fired = values.get(`${EXIF}Fired`)?.toLowerCase()
    const height = number(EXIF, 'GPSAltitude')
    return plausible({
      takenAt: time === undefined ? undefined : parseTakenAt(time, now),
      make: text(TIFF, 'Make'),
      model: text(TIFF, 'Model'),
      lens: text(EXIF_EX, 'LensModel') ?? text(AUX, 'Lens'),
      exposureSeconds: number(EXIF, 'ExposureTime'),
      fNumber: number(EXIF, 'FNumber'),
      iso: number(EXIF_EX, 'PhotographicSensitivity') ?? number(EXIF, 'ISOSpeedRatings'),
      focalLength: number(EXIF, 'FocalLength'),
      equivalentFocalLength: number(EXIF, 'FocalLengthIn35mmFilm'),
      flash: fired === 'true' ? true : fired === 'false' ? false : undefined,
      latitude: degrees(values.get(`${EXIF}GPSLatitude`), 'N', 'S'),
      longitude: degrees(values.get(`${EXIF}GPSLongitude`), 'E', 'W'),
      altitude: height !== undefined && values.get(`${EXIF}GPSAltitudeRef`) === '1' ? -height : height,
    })
  } catch {
    return {}
  }
}

/**
 * The first value of each property of {@link NAMESPACES}, by namespace and name, whichever way RDF writes it: as an attribute,
 * an element, or an item of a list. There are no entities beyond XML's own five, because a DOCTYPE ends the reading.
 */
function propertiesOf(packet: string): Map<string, string> {
  const values = new Map<string, string>()
  const open: string[] = []
  let nodes = 0
  const note = (name: string | undefined, value: string) => {
    if (name !== undefined && value.trim() !== '' && !values.has(name))
      values.set(name, value.trim().slice(0, maxValueCharacters))
  }
  const refuse = (what: string) => {
    throw new RangeError(`XMP with ${what}`)
  }
  const parser = sax.parser(true, { xmlns: true })
  parser.onerror = (error) => {
    throw error
  }
  parser.ondoctype = () => refuse('a DOCTYPE')
  parser.onopentag = ({ name, attributes, ...tag }) => {
    if (++nodes > maxNodes) refuse('too many elements')
    if (open.length >= maxDepth) refuse('too many levels')
    const { uri, local } = tag as sax.QualifiedTag
    open.push(NAMESPACES.has(uri) ? uri + local : name.startsWith('rdf:') ? (open.at(-1) ?? '') : '')
    for (const attribute of Object.values(attributes) as sax.QualifiedAttribute[]) {
      if (++nodes > maxNodes) refuse('too many attributes')
      if (NAMESPACES.has(attribute.uri)) note(attribute.uri + attribute.local, attribute.value)
    }
  }
  parser.ontext = (text) => note(open.at(-1) || undefined, text)
  parser.onclosetag = () => open.pop()
  parser.write(packet).close()
  return values
}

/** `1/250` or `0.004`. */
function rational(value: string | undefined): number | undefined {
  const [, numerator, denominator = '1'] = /^(-?\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(value ?? '') ?? []
  if (numerator === undefined) return undefined
  const number = Number(numerator) / Number(denominator)
  return Number.isFinite(number) ? number : undefined
}

/** `46,32,17N` or `46,32.2842N`. */
function degrees(value: string | undefined, plus: string, minus: string): number | undefined {
  const [, whole, minutes = '0', seconds = '0', ref] =
    /^(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?)?([NSEW])$/.exec(value ?? '') ?? []
  const sign = ref === plus ? 1 : ref === minus ? -1 : undefined
  if (sign === undefined || Number(minutes) > 60 || Number(seconds) > 60) return undefined
  return sign * (Number(whole) + Number(minutes) / 60 + Number(seconds) / 3600)
}
