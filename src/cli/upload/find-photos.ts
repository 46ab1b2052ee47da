import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileTypeFromFile } from 'file-type'
import { ORIGINAL_CONTENT_TYPES, type OriginalContentType } from '../../domain/variants.ts'
import { findSidecar } from './sidecars.ts'

/** A file that may be uploaded. */
export interface FoundPhoto {
  path: string
  bytes: number
  contentType: OriginalContentType
  /** The JSON file beside it. */
  sidecar: string | undefined
}

export interface Found {
  photos: FoundPhoto[]
  /** Files that are no photos, such as videos; sidecars and hidden ones are not counted. */
  others: number
}

/** All photos below a folder, or the one file, in the order of their names. Links are not followed. */
export async function findPhotos(root: string, signal: AbortSignal): Promise<Found> {
  const found: Found = { photos: [], others: 0 }
  if (!(await stat(root)).isDirectory()) {
    await look(root, new Set(), found)
    return found
  }
  await walk(root, found, signal)
  return found
}

async function walk(folder: string, found: Found, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const entries = await readdir(folder, { withFileTypes: true })
  const shown = entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  const names = new Set(shown.filter((entry) => entry.isFile()).map(({ name }) => name))
  for (const name of names) {
    if (!name.toLowerCase().endsWith('.json')) await look(join(folder, name), names, found)
  }
  for (const entry of shown) if (entry.isDirectory()) await walk(join(folder, entry.name), found, signal)
}

/** What a file is, its first bytes say. */
async function look(path: string, names: ReadonlySet<string>, found: Found): Promise<void> {
  const { size: bytes } = await stat(path)
  const mime = bytes === 0 ? undefined : (await fileTypeFromFile(path))?.mime
  const contentType = ORIGINAL_CONTENT_TYPES.find(
    (each) => each === (mime === 'image/apng' ? 'image/png' : mime),
  )
  if (contentType === undefined) found.others++
  else found.photos.push({ path, bytes, contentType, sidecar: findSidecar(path, names) })
}

/** Hex. */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
