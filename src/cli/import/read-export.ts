import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../../observability/error-text.ts'
import type { Description } from '../upload/describe-photo.ts'

/** What another instance's export says, by the file that it says it of. */
export interface ReadExport {
  photos: Map<string, ExportedPhoto>
  albums: ExportedAlbum[]
}

interface ExportedPhoto {
  /** At the other instance. */
  id: string
  /** Undefined of one that is not to be published again. */
  description: Description | undefined
  /** Why it is not. */
  leftOut: string | undefined
}

export interface ExportedAlbum {
  id: string
  title: string
  description: string | null
  visibility: string
  order: string
  /** Ids of photos at the other instance, in their order. */
  photoIds: string[]
}

const Report = z.object({ format: z.literal('darkroom-export'), version: z.literal(1) })

const Photo = z.object({
  id: z.string(),
  file: z.string(),
  status: z.string(),
  caption: z.string().nullable(),
  altText: z.string().nullable(),
  visibility: z.string(),
  takenAt: z.string().nullable(),
  location: z.object({ latitude: z.number(), longitude: z.number() }).nullable(),
  shareLocation: z.boolean(),
  shareCamera: z.boolean(),
  shareTakenAt: z.boolean(),
  shareText: z.boolean(),
  allowDownload: z.boolean(),
  commentPolicy: z.string().nullable(),
  sensitive: z.boolean(),
})
const Album = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  visibility: z.string(),
  order: z.string(),
  role: z.string(),
})
const AlbumPhoto = z.object({
  albumId: z.string(),
  photoId: z.string(),
  position: z.string().regex(/^-?\d+(\.\d{1,200})?$/),
})

const LEFT_OUT: Record<string, string> = {
  trashed: 'it was in the trash',
  quarantined: 'moderation had taken it down',
  offered: 'it was offered by a guest, and not approved',
}

/**
 * Reads the data of an export in a folder; undefined if it is none. Paths in it only name files that were found: none is opened.
 * @throws Error if its data is not what an export has
 */
export async function readExport(folder: string): Promise<ReadExport | undefined> {
  const text = await readFile(join(folder, 'report.json'), 'utf8').catch(() => undefined)
  if (text === undefined || !Report.safeParse(parsed(text)).success) return undefined
  const photos = new Map<string, ExportedPhoto>()
  for (const photo of await readAll(folder, 'photos', Photo)) {
    const leftOut =
      photo.status === 'ready' ? undefined : (LEFT_OUT[photo.status] ?? `it was ${photo.status}`)
    photos.set(photo.file, { id: photo.id, description: leftOut ? undefined : described(photo), leftOut })
  }
  const members = await readAll(folder, 'album-photos', AlbumPhoto)
  const photosOf = Map.groupBy(members, ({ albumId }) => albumId)
  const own = (await readAll(folder, 'albums', Album)).filter(({ role }) => role === 'owner')
  const albums = own.map((album) => ({
    ...album,
    photoIds: (photosOf.get(album.id) ?? [])
      .sort((one, other) => compare(scaled(one.position), scaled(other.position)))
      .map(({ photoId }) => photoId),
  }))
  return { photos, albums }
}

function described(photo: z.infer<typeof Photo>): Description {
  const { caption, altText, takenAt, location, commentPolicy } = photo
  const { visibility, shareLocation, shareCamera, shareTakenAt, shareText, allowDownload, sensitive } = photo
  return {
    ...(caption !== null && { caption }),
    ...(altText !== null && { altText }),
    ...(takenAt !== null && { takenAt }),
    ...(location !== null && { location }),
    ...(commentPolicy !== null && { commentPolicy }),
    visibility,
    shareLocation,
    shareCamera,
    shareTakenAt,
    shareText,
    allowDownload,
    sensitive,
  }
}

/** All files of a list, in the order of their numbers. */
async function readAll<T>(folder: string, name: string, item: z.ZodType<T>): Promise<T[]> {
  const files = (await readdir(join(folder, 'data')))
    .filter((file) => file.startsWith(`${name}-`) && /^-\d{4,}\.json$/.test(file.slice(name.length)))
    .sort((one, other) => Number(/\d+/.exec(one)) - Number(/\d+/.exec(other)))
  const items: T[] = []
  for (const file of files) {
    const read = z.array(item).safeParse(parsed(await readFile(join(folder, 'data', file), 'utf8')))
    if (!read.success) throw new Error(`data/${file}: ${z.prettifyError(read.error).split('\n')[0]}`)
    items.push(...read.data)
  }
  return items
}

/** A position has at most so many digits behind the point. */
const MAX_DIGITS = 200

/** A decimal as a whole number of its last possible digit, such as 12.0625 or -1. */
function scaled(position: string): bigint {
  const [whole = '0', fraction = ''] = position.split('.')
  return BigInt(whole + fraction.padEnd(MAX_DIGITS, '0'))
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return messageOf(error)
  }
}
