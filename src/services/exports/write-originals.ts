import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import type { OriginalUnderWay } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { dosTime, localHeader } from '../../infra/zip/zip-records.ts'
import { coldKey } from '../blobs/blob-keys.ts'
import { findOriginal, nextOriginal, originalName, type FoundOriginal } from './originals.ts'
import type { Part } from './part.ts'

export interface OriginalStores {
  primary: Query
  objects: Pick<ObjectStore, 'read' | 'readRange'>
  /** Undefined where there is no cold storage. */
  archive?: Pick<Archive, 'read' | 'readRange' | 'restore'> | undefined
}

/** An original is in the cold storage, and cannot be read before it is restored. */
class OriginalColdError extends Error {
  override readonly name = 'OriginalColdError'
}

/**
 * Adds the next original, or a piece of it: one that is longer than a part is read twice, once for its checksum, which stands before
 * it, and then piece by piece.
 * @returns `cold` if it cannot be read yet; `done` if there is none
 */
export async function writeOriginal(stores: OriginalStores, part: Part): Promise<'more' | 'cold' | 'done'> {
  const { position } = part
  if (position.stage !== 'originals') return 'done'
  try {
    if (position.under) return await writePiece(stores, part, position.under)
    const { userId, createdAt } = part.export
    const original = await nextOriginal(stores.primary, userId, position.after, createdAt)
    if (!original) return 'done'
    await beginOriginal(stores, part, original)
    return 'more'
  } catch (error) {
    if (error instanceof OriginalColdError) return 'cold'
    throw error
  }
}

async function beginOriginal(stores: OriginalStores, part: Part, original: FoundOriginal): Promise<void> {
  const { photoId, bytes } = original
  const after = photoId
  const named = { name: originalName(original), bytes, modified: dosTime(original.local) }
  try {
    const source = await sourceOf(stores, original)
    if (bytes <= part.export.partBytes) {
      part.addFile(named.name, await source.readRange(original.objectKey, 0, bytes), named.modified, photoId)
      part.moveTo({ stage: 'originals', after })
      return
    }
    const checksum = await checksumOf(source, original)
    const under = { ...named, photoId, crc32: checksum, at: part.end, sent: 0 }
    part.append(localHeader(under))
    part.moveTo({ stage: 'originals', after, under })
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    const now = await findOriginal(stores.primary, photoId)
    // It was moved or deleted meanwhile: the next look finds it elsewhere, or the one behind it.
    if (now?.objectKey !== original.objectKey) return
    part.list({ ...named, photoId, crc32: 0, at: part.end, leftOut: 'missing' })
    part.moveTo({ stage: 'originals', after })
  }
}

async function writePiece(stores: OriginalStores, part: Part, under: OriginalUnderWay): Promise<'more'> {
  const { photoId, bytes, sent } = under
  const listed = { ...under, photoId }
  const finish = (leftOut: 'deleted' | 'missing' | null) => {
    part.list({ ...listed, leftOut })
    part.moveTo({ stage: 'originals', after: photoId })
  }
  const original = await findOriginal(stores.primary, photoId)
  // What was written of it stays a gap that the directory does not name.
  if (!original) {
    finish('deleted')
    return 'more'
  }
  try {
    const source = await sourceOf(stores, original)
    const piece = Math.min(bytes - sent, Math.max(part.room, 1))
    part.append(await source.readRange(original.objectKey, sent, piece))
    if (sent + piece === bytes) finish(null)
    else part.moveTo({ stage: 'originals', after: photoId, under: { ...under, sent: sent + piece } })
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    const now = await findOriginal(stores.primary, photoId)
    if (now?.objectKey === original.objectKey) finish('missing')
  }
  return 'more'
}

/** @throws OriginalColdError */
async function sourceOf({ objects, archive }: OriginalStores, { isCold, blobId }: FoundOriginal) {
  if (!isCold) return objects
  if (!archive) throw new Error('S3_COLD_BUCKET is not set: what is in the cold storage cannot be read')
  if ((await archive.restore(coldKey(blobId))) === 'restoring') throw new OriginalColdError(blobId)
  return archive
}

async function checksumOf(
  source: Pick<ObjectStore, 'read'>,
  { objectKey, bytes }: FoundOriginal,
): Promise<number> {
  const { body } = await source.read(objectKey)
  let checksum = 0
  let read = 0
  await pipeline(body, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      checksum = crc32(chunk, checksum)
      read += chunk.length
    }
  })
  if (read !== bytes) throw new Error(`${objectKey} has ${read} bytes instead of ${bytes}`)
  return checksum
}
