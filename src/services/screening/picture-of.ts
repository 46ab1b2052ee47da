import type { PhotoId } from '../../domain/ids.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import type { VariantName } from '../../domain/variants.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { originalOf } from '../blobs/read-original.ts'
import { withObjectFile } from '../uploads/object-file.ts'

/** Large enough for any classifier, and cheap to fetch and decode. */
const LOOKED_AT: VariantName = 'medium_800'

/** Where pictures are. */
export interface PictureSources {
  db: Database
  objects: ObjectStore
  archive: Pick<Archive, 'isReadable' | 'read'> | undefined
}

/** No picture can be had of the photo now: it is stored nowhere, or in a cold storage that cannot be read at once. */
class NoPictureError extends Error {
  override readonly name = 'NoPictureError'
}

/** Of one photo; undefined if storage, database or a service are away, which is worth a retry. */
export function pictureFailureOf(error: unknown): string | undefined {
  if (error instanceof InvalidImageError) return error.code
  if (error instanceof NoPictureError) return 'no_picture'
  return error instanceof ObjectMissingError ? 'picture_missing' : undefined
}

/**
 * Fetches a picture of the photo into a file: a variant, or before there is one, the original.
 * @throws NoPictureError; ObjectMissingError if it was moved or deleted meanwhile
 */
export async function withPictureOf<T>(
  { db, objects, archive }: PictureSources,
  photoId: PhotoId,
  signal: AbortSignal | undefined,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const variant = await variantOf(db.primary, photoId)
  if (variant !== undefined) return withObjectFile(objects, { key: variant, signal }, work)
  const original = await originalOf(db.primary, photoId)
  if (!original || (original.isCold && !archive?.isReadable))
    throw new NoPictureError('There is neither a variant nor an original that can be read')
  return withObjectFile(original.isCold ? archive! : objects, { key: original.objectKey, signal }, work)
}

/** Plan: photo_variants_pkey. */
async function variantOf(query: Query, photoId: PhotoId): Promise<string | undefined> {
  const [row] = await query<{ object_key: string }>({
    text: `SELECT object_key FROM photo_variants WHERE photo_id = $1 AND variant = $2 AND format = 'jpeg'`,
    values: [photoId, LOOKED_AT],
  })
  return row?.object_key
}
