import type { PhotoId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { BlobRow, PhotoRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { coldKey, originalKey } from './blob-keys.ts'

export interface BlobStores {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<ObjectStore, 'delete'>
  /** Undefined where there is no cold storage. */
  archive?: Pick<Archive, 'delete'> | undefined
}

/** They never refer to an original again. */
const GONE: readonly PhotoStatus[] = ['failed', 'deleted']

/**
 * Takes the reference of a photo that failed or was deleted from its original, and deletes the original unless another photo
 * has it. Does nothing for other photos. May run twice, at once, and end at any step: the sweep of condemned blobs finishes it.
 */
export async function releaseOriginal(stores: BlobStores, photoId: PhotoId): Promise<void> {
  const released = await stores.db.transaction(({ query }) => takeReference(query, photoId))
  if (!released) return
  await deleteCondemned(stores, [photoId, ...(released.blobId ? [released.blobId] : [])])
  await deleteUnnamedCopy(stores, photoId)
}

/**
 * Deletes the copy of a photo that no longer waits for it, unless it has become a blob, which other photos may have joined. None
 * will be made of it any more.
 */
export async function deleteUnnamedCopy(
  { db, objects }: Pick<BlobStores, 'db' | 'objects'>,
  photoId: PhotoId,
): Promise<void> {
  const [row] = await db.primary<{ is_unnamed: boolean }>({
    text: `SELECT NOT EXISTS (SELECT FROM blobs WHERE blob_id = $1)
      AND NOT EXISTS (SELECT FROM photos WHERE photo_id = $1 AND status IN ('awaiting_upload', 'processing')) AS is_unnamed`,
    values: [photoId],
  })
  if (row!.is_unnamed) await objects.delete([originalKey(photoId)])
}

async function takeReference(query: Query, photoId: PhotoId): Promise<{ blobId: string | null } | undefined> {
  const [photo] = await query<Pick<PhotoRow, 'status' | 'blob_id'>>({
    text: 'SELECT status, blob_id FROM photos WHERE photo_id = $1 FOR NO KEY UPDATE',
    values: [photoId],
  })
  if (!photo || !GONE.includes(photo.status)) return undefined
  await query({ text: 'DELETE FROM cold_originals WHERE photo_id = $1', values: [photoId] })
  if (photo.blob_id) {
    await query({ text: 'UPDATE photos SET blob_id = NULL WHERE photo_id = $1', values: [photoId] })
    await condemnUnlessReferred(query, [photo.blob_id])
  }
  return { blobId: photo.blob_id }
}

/**
 * Condemns those of the blobs that no photo refers to. Whoever joins a blob holds it until its reference is committed, so the
 * locks come first, and references are then looked for by a statement that begins after them.
 */
export async function condemnUnlessReferred(query: Query, blobIds: readonly string[]): Promise<number> {
  await query({
    text: 'SELECT FROM blobs WHERE blob_id = ANY ($1::uuid[]) ORDER BY blob_id FOR UPDATE',
    values: [blobIds],
  })
  // Plan: a probe of blobs_pkey and of photos_blob_idx for each.
  const condemned = await query({
    text: `UPDATE blobs b SET state = 'condemned', condemned_at = now()
      WHERE blob_id = ANY ($1::uuid[]) AND state <> 'condemned'
        AND NOT EXISTS (SELECT FROM photos p WHERE p.blob_id = b.blob_id)
      RETURNING 1`,
    values: [blobIds],
  })
  return condemned.length
}

/** A copy into the cold storage takes less. Until then, one that is still being made could land after it was deleted. */
const COPY_TAKES = `interval '1 hour'`

/**
 * Deletes those of the blobs that are condemned: the objects first, as their rows are all that names them. One that is being
 * copied into the cold storage waits for a later call.
 */
export async function deleteCondemned(
  { db, objects, archive }: BlobStores,
  blobIds: readonly string[],
): Promise<number> {
  const rows = await db.primary<
    Pick<BlobRow, 'blob_id' | 'object_key' | 'tier' | 'cooling_at' | 'restored_key'>
  >({
    text: `SELECT blob_id, object_key, tier, cooling_at, restored_key FROM blobs
      WHERE blob_id = ANY ($1::uuid[]) AND state = 'condemned'
        AND (cooling_at IS NULL OR cooling_at < now() - ${COPY_TAKES})`,
    values: [blobIds],
  })
  if (rows.length === 0) return 0
  const hot = rows.flatMap((row) => [row.tier === 'hot' ? row.object_key : null, row.restored_key])
  const cold = rows.filter((row) => row.tier === 'cold' || row.cooling_at).map((row) => coldKey(row.blob_id))
  const hotKeys = hot.filter((key) => key !== null)
  if (hotKeys.length > 0) await objects.delete(hotKeys)
  if (cold.length > 0) {
    if (!archive) throw new Error(`S3_COLD_BUCKET is not set, and ${cold.length} originals are there`)
    await archive.delete(cold)
  }
  await db.primary({
    text: `DELETE FROM blobs WHERE blob_id = ANY ($1::uuid[]) AND state = 'condemned'`,
    values: [rows.map((row) => row.blob_id)],
  })
  return rows.length
}
