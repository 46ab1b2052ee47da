import type { PhotoId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { BlobRow, PhotoRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { originalKey } from './blob-keys.ts'

export interface BlobStores {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<ObjectStore, 'delete'>
}

/** They never refer to an original again. */
const GONE: readonly PhotoStatus[] = ['failed', 'deleted']

/**
 * Takes the reference of a photo that failed or was deleted from its original, and deletes the original unless another photo
 * has it. Does nothing for other photos. May run twice, at once, and end at any step: the sweep of condemned blobs finishes it.
 */
export async function releaseOriginal({ db, objects }: BlobStores, photoId: PhotoId): Promise<void> {
  const released = await db.transaction(({ query }) => takeReference(query, photoId))
  if (!released) return
  await deleteCondemned({ db, objects }, [photoId, ...(released.blobId ? [released.blobId] : [])])
  await deleteUnnamedCopy({ db, objects }, photoId)
}

/**
 * Deletes the copy of a photo that no longer waits for it, unless it has become a blob, which other photos may have joined. None
 * will be made of it any more.
 */
export async function deleteUnnamedCopy({ db, objects }: BlobStores, photoId: PhotoId): Promise<void> {
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

/** Deletes those of the blobs that are condemned: the objects first, as their rows are all that names them. */
export async function deleteCondemned(
  { db, objects }: BlobStores,
  blobIds: readonly string[],
): Promise<number> {
  const rows = await db.primary<Pick<BlobRow, 'blob_id' | 'object_key'>>({
    text: `SELECT blob_id, object_key FROM blobs WHERE blob_id = ANY ($1::uuid[]) AND state = 'condemned'`,
    values: [blobIds],
  })
  if (rows.length === 0) return 0
  await objects.delete(rows.map((row) => row.object_key))
  await db.primary({
    text: `DELETE FROM blobs WHERE blob_id = ANY ($1::uuid[]) AND state = 'condemned'`,
    values: [rows.map((row) => row.blob_id)],
  })
  return rows.length
}
