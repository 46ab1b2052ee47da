import type { Metadata } from 'sharp'
import { readExif } from './exif.ts'
import type { TakenWith } from './taken-with.ts'
import { readXmp } from './xmp.ts'

/** What belongs together: all of a group comes from the source that has its first. */
const GROUPS = [
  ['takenAt'],
  ['camera', 'cameraMake', 'cameraModel'],
  ['location', 'altitude'],
  ['lens'],
  ['exposureSeconds'],
  ['fNumber'],
  ['iso'],
  ['focalLength'],
  ['equivalentFocalLength'],
  ['flash'],
] as const satisfies readonly (readonly (keyof TakenWith)[])[]

/** What the file says about how the photo was taken, by its EXIF, and by its XMP where EXIF is silent. Never throws. */
export function readTakenWith(
  { exif, xmpAsString }: Pick<Metadata, 'exif' | 'xmpAsString'>,
  now = new Date(),
): TakenWith {
  const [ofExif, ofXmp] = [readExif(exif, now), readXmp(xmpAsString, now)]
  const read: TakenWith = {}
  for (const group of GROUPS) {
    const source = ofExif[group[0]] === undefined ? ofXmp : ofExif
    for (const name of group) if (source[name] !== undefined) Object.assign(read, { [name]: source[name] })
  }
  return read
}
