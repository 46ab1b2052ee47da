import type { PhotoId } from '../../domain/ids.ts'
import type { VariantName } from '../../domain/variants.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { originalOf } from '../blobs/read-original.ts'
import { withObjectFile } from '../uploads/object-file.ts'

export interface Pictures {
  db: { primary: Query }
  objects: ObjectStore
  archive: Pick<Archive, 'isReadable' | 'read'> | undefined
}

/** Small print is legible in it; small photos lack it. */
const LEGIBLE: VariantName = 'large_2048'

/**
 * Fetches the picture in which small print is legible best: its large variant, else the original, else what variant there is.
 * @throws ObjectMissingError if there is none, or it was moved or deleted meanwhile
 */
export async function withPictureOf<T>(
  { db, objects, archive }: Pictures,
  photoId: PhotoId,
  signal: AbortSignal,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const variants = await variantsOf(db.primary, photoId)
  const large = variants.find(({ variant }) => variant === LEGIBLE)
  if (large) return withObjectFile(objects, { key: large.object_key, signal }, work)
  const original = await originalOf(db.primary, photoId)
  if (original && (!original.isCold || archive?.isReadable))
    return withObjectFile(original.isCold ? archive! : objects, { key: original.objectKey, signal }, work)
  const [largest] = variants
  if (!largest) throw new ObjectMissingError(`a picture of ${photoId}`)
  return withObjectFile(objects, { key: largest.object_key, signal }, work)
}

/** The largest first. Plan: photo_variants_pkey. */
function variantsOf(query: Query, photoId: PhotoId): Promise<{ variant: string; object_key: string }[]> {
  return query({
    name: 'texts-variants',
    text: `SELECT variant, object_key FROM photo_variants WHERE photo_id = $1 AND format = 'jpeg' ORDER BY width DESC`,
    values: [photoId],
  })
}
