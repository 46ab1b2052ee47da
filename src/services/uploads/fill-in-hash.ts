import type { ReencodeTally } from '../../contracts/library-reencode.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { isValidated, type PhotoStatus } from '../../domain/visibility.ts'
import type { Query } from '../../infra/db/database.ts'
import { ObjectMissingError } from '../../infra/s3/object-store.ts'
import { placeByLikeness } from '../photos/likeness.ts'
import { withObjectFile } from './object-file.ts'
import { failureOfJob, UndecodableError, type RenderDeps } from './store-variant.ts'

interface Thumbnail {
  owner_id: UserId
  sha256: string
  object_key: string
}

/**
 * Gives a photo of before there were perceptual hashes its own, and its place among those of its owner (ADR 39). The hash is that of a
 * thumbnail, which differs in two bits of 64 at most, so that cold originals stay where they are.
 * @throws what is worth a retry: storage, database or children are away, or it was cancelled
 */
export async function fillInHash(
  deps: Pick<RenderDeps, 'db' | 'objects' | 'images' | 'maxPixels'>,
  photoId: PhotoId,
  signal: AbortSignal,
): Promise<Partial<ReencodeTally>> {
  const { db, objects, images, maxPixels } = deps
  const thumbnail = await thumbnailOf(db.primary, photoId)
  // One without variants, which could not be made.
  if (!thumbnail) return {}
  let hash: bigint | undefined
  try {
    hash = await withObjectFile(objects, { key: thumbnail.object_key, signal }, (file) =>
      images.run('pictureHash', file, { maxPixels }, { signal }).catch((error: unknown) => {
        throw failureOfJob(error, signal)
      }),
    )
  } catch (error) {
    // A narrowing has moved it.
    if (error instanceof ObjectMissingError) return { postponed: 1 }
    if (error instanceof InvalidImageError || error instanceof UndecodableError)
      return { failed: 1, failures: [{ photoId, code: 'undecodable' }] }
    throw error
  }
  if (hash === undefined) return { featureless: 1 }
  const { owner_id: ownerId, sha256 } = thumbnail
  const isPlaced = await db.transaction(async ({ query }) => {
    if (!(await holdUnhashed(query, photoId))) return false
    await placeByLikeness(query, { photoId, ownerId, sha256, perceptualHash: hash })
    return true
  })
  return isPlaced ? { hashed: 1 } : {}
}

/** Plan: photos_pkey, then photo_variants_pkey. */
async function thumbnailOf(query: Query, photoId: PhotoId): Promise<Thumbnail | undefined> {
  const [row] = await query<Thumbnail>({
    text: `SELECT p.owner_id, encode(p.sha256, 'hex') AS sha256, v.object_key
      FROM photos p JOIN photo_variants v USING (photo_id)
      WHERE p.photo_id = $1 AND v.variant = 'thumb_200' ORDER BY v.format = 'jpeg' DESC LIMIT 1`,
    values: [photoId],
  })
  return row
}

/** Locks a photo that still is there, and has got no hash meanwhile. */
async function holdUnhashed(query: Query, photoId: PhotoId): Promise<boolean> {
  const [row] = await query<{ status: PhotoStatus }>({
    text: `SELECT status FROM photos WHERE photo_id = $1 AND perceptual_hash IS NULL AND likeness IS NOT NULL
      FOR NO KEY UPDATE`,
    values: [photoId],
  })
  return row !== undefined && isValidated(row.status)
}
