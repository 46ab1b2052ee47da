import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../../observability/error-text.ts'

/** What Google Photos says of a photo in the JSON file beside it. */
export interface Sidecar {
  description?: string
  /** When it was taken, in UTC. */
  takenAt?: Date
  location?: { latitude: number; longitude: number }
}

const Place = z.object({ latitude: z.number(), longitude: z.number() })
const Takeout = z.object({
  title: z.string().optional(),
  description: z.string().optional(),
  photoTakenTime: z.object({ timestamp: z.coerce.number().int() }).optional(),
  geoData: Place.optional(),
  geoDataExif: Place.optional(),
})

/** Takeout cuts the names of sidecars, `.json` included, at this many characters; long ago at 46 before `.json`. */
const LONGEST_NAMES = [51, 46 + '.json'.length]
const SUPPLEMENT = '.supplemental-metadata'
/** Names that Google gives to a copy that was edited, in the languages of most accounts. */
const EDITED = /-(?:edited|bearbeitet|modifié|editado|modificato|bewerkt|edytowane|redigerad)(?=\(\d+\)$|$)/u

/**
 * The names that the sidecar of a photo may have, likeliest first: `IMG.jpg.json`, `IMG.jpg.supplemental-metadata.json` and what is
 * left of them when they are cut; of `IMG(1).jpg` the number stands behind (`IMG.jpg(1).json`), and an edited copy has that of its
 * original.
 */
function sidecarNamesOf(name: string): string[] {
  const extension = extname(name)
  const stem = name.slice(0, name.length - extension.length)
  const stems = [...new Set([stem, stem.replace(EDITED, '')])]
  const names = stems.flatMap((each) => {
    const [, plain = each, number = ''] = /^(.*?)(\(\d+\))$/.exec(each) ?? []
    const whole = `${plain}${extension}`
    return [
      ...[SUPPLEMENT, ''].flatMap((suffix) => cut(`${whole}${suffix}`, number)),
      // Some tools write the number, or no extension, as the photo has it.
      `${each}${extension}.json`,
      `${each}.json`,
    ]
  })
  return [...new Set(names)]
}

/** The number stands behind what is cut. */
function cut(name: string, number: string): string[] {
  return [
    `${name}${number}.json`,
    ...LONGEST_NAMES.map((most) => `${name.slice(0, most - '.json'.length)}${number}.json`),
  ]
}

/** The sidecar of a photo among the files of its folder; undefined if there is none. */
export function findSidecar(path: string, namesInFolder: ReadonlySet<string>): string | undefined {
  const name = sidecarNamesOf(basename(path)).find((each) => namesInFolder.has(each))
  return name === undefined ? undefined : join(path, '..', name)
}

/** The sidecar could not be read; the photo can be uploaded without it. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError'
}

/** @throws SidecarError if it is no JSON of Takeout's form */
export async function readSidecar(path: string): Promise<Sidecar> {
  try {
    return parseSidecar(await readFile(path, 'utf8'))
  } catch (error) {
    const text = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)
    throw new SidecarError(`${basename(path)}: ${text.split('\n')[0]}`, { cause: error })
  }
}

/** @throws SyntaxError, ZodError */
export function parseSidecar(json: string): Sidecar {
  const { description, photoTakenTime, geoData, geoDataExif } = Takeout.parse(JSON.parse(json))
  const location = [geoData, geoDataExif].find(isPlace)
  return {
    ...(description?.trim() && { description: description.trim() }),
    ...(photoTakenTime && { takenAt: new Date(photoTakenTime.timestamp * 1000) }),
    ...(location && { location: { latitude: location.latitude, longitude: location.longitude } }),
  }
}

/** Google writes 0, 0 where it knows no place. */
function isPlace(place: z.infer<typeof Place> | undefined): boolean {
  if (!place) return false
  const { latitude, longitude } = place
  return (latitude !== 0 || longitude !== 0) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
}
