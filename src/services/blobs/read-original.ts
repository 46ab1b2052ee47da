import type { PhotoId } from '../../domain/ids.ts'
import type { BlobRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'

export interface StoredOriginal {
  objectKey: string
  bytes: number
  /** In the cold storage, and nowhere else. */
  isCold: boolean
}

/** Where a photo's original is stored; undefined if there is none (any more). Plan: one probe of photos_pkey and blobs_pkey. */
export async function originalOf(query: Query, photoId: PhotoId): Promise<StoredOriginal | undefined> {
  const [row] = await query<Pick<BlobRow, 'object_key' | 'bytes'> & { is_cold: boolean }>({
    name: 'original-of',
    text: `SELECT coalesce(b.restored_key, b.object_key) AS object_key, b.bytes, b.tier = 'cold' AND b.restored_key IS NULL AS is_cold
      FROM photos p JOIN blobs b USING (blob_id) WHERE p.photo_id = $1`,
    values: [photoId],
  })
  return row && { objectKey: row.object_key, bytes: Number(row.bytes), isCold: row.is_cold }
}
