import { sharp } from '../../infra/image/sharp.ts'
import { readTakenWith } from '../../infra/image/read-taken-with.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { formatTakenAt, plausibleLocalTime } from '../../domain/taken-at.ts'
import type { FoundPhoto } from './find-photos.ts'
import { readSidecar, SidecarError } from './sidecars.ts'

/** Fields of POST /photos that a sidecar gives, or another instance's export. */
export interface Description {
  caption?: string
  altText?: string
  visibility?: string
  takenAt?: string
  location?: { latitude: number; longitude: number }
  shareLocation?: boolean
  shareCamera?: boolean
  shareTakenAt?: boolean
  shareText?: boolean
  allowDownload?: boolean
  commentPolicy?: string
  sensitive?: boolean
}

/** What is said of a photo beside its bytes. @param warn hears of what cannot be used */
export type Describe = (photo: FoundPhoto, warn: (text: string) => void) => Promise<Description>

/**
 * What the sidecar says of a photo. Its time is in UTC, and so is used only if the file has none: the file's is that of the clock on
 * the wall.
 * @param warn hears of a sidecar that cannot be read, and of a description that is cut
 */
export async function describePhoto(
  { path, sidecar }: FoundPhoto,
  warn: (text: string) => void,
): Promise<Description> {
  if (sidecar === undefined) return {}
  try {
    const { description, takenAt, location } = await readSidecar(sidecar)
    const caption = description && cutTo(description, MAX_CHARACTERS.caption)
    if (caption !== description) warn('its description was cut')
    const local = takenAt && plausibleLocalTime(takenAt, new Date())
    const isNeeded = local !== undefined && !(await mayHaveTime(path))
    return {
      ...(caption && { caption }),
      ...(isNeeded && { takenAt: formatTakenAt({ local, offsetMinutes: 0 }) }),
      ...(location && { location }),
    }
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error
    warn(`uploaded without ${error.message}`)
    return {}
  }
}

/** Of a HEIC, which cannot be opened here, it is taken for granted: whatever writes them writes the time. */
async function mayHaveTime(path: string): Promise<boolean> {
  try {
    return readTakenWith(await sharp(path).metadata()).takenAt !== undefined
  } catch {
    return true
  }
}

/** By characters as people count them. */
function cutTo(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}
