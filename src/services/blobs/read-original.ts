import type { PhotoId } from '../../domain/ids.ts'
import type { BlobRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'

export interface StoredOriginal {
  objectKey: string
  bytes: number
}

/** Where a photo's original is stored; undefined if there is none (any more). Plan: one probe of photos_pkey and blobs_pkey. */
export async function originalOf(query: Query, photoId: PhotoId): Promise<StoredOriginal | undefined> {
  const [row] = await query<Pick<BlobRow, 'object_key' | 'bytes'>>({
    name: 'original-of',
    text: `SELECT b.object_key, b.bytes FROM photos p JOIN blobs b USING (blob_id) WHERE p.photo_id = $1`,
    values: [photoId],
  })
  return row && { objectKey: row.object_key, bytes: Number(row.bytes) }
}
