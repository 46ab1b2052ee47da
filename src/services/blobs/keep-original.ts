import { sql } from 'kysely'
import type { PhotoId } from '../../domain/ids.ts'
import { Blob, type BlobRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { originalKey } from './blob-keys.ts'

export interface StoredCopy {
  /** Hex; of the bytes that are stored, not as a client declared it. */
  sha256: string
  bytes: number
}

/** The blob that is joined may be condemned, or another one become live, between the two statements of a try. */
const TRIES = 5

/**
 * Refers a photo to the blob that holds its original: to the copy under {@link originalKey}, or to the live blob with the same
 * bytes, and then the copy is condemned. Both take the same statements, so that the time tells a client nothing.
 *
 * The caller has locked the photo, which has no blob yet.
 * @returns the key under which the original is stored
 */
export async function keepOriginal(query: Query, photoId: PhotoId, copy: StoredCopy): Promise<string> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const sha256 = Buffer.from(copy.sha256, 'hex')
    // Held until the photo refers to it, so that nobody condemns it meanwhile. Plan: one probe of blobs_live_key.
    const [same] = await query<Pick<BlobRow, 'blob_id' | 'object_key'>>({
      text: `SELECT blob_id, object_key FROM blobs WHERE sha256 = $1 AND bytes = $2 AND state = 'live' FOR SHARE`,
      values: [sha256, copy.bytes],
    })
    const own = {
      blobId: photoId,
      sha256,
      bytes: String(copy.bytes),
      objectKey: originalKey(photoId),
      ...HOT,
    }
    const state = same ? { state: 'condemned' as const, condemnedAt: new Date() } : LIVE
    const [stored] = await run(
      query,
      insertRow(Blob, { ...own, ...state })
        .onConflict((conflict) =>
          conflict.columns(['sha256', 'bytes']).where('state', '=', sql.lit('live')).doNothing(),
        )
        .returning(['object_key', 'blob_id']),
    )
    const kept = same ?? stored
    if (!kept) continue
    await query({
      text: 'UPDATE photos SET blob_id = $2 WHERE photo_id = $1',
      values: [photoId, kept.blob_id],
    })
    return kept.object_key
  }
  throw new Error('the same bytes are stored and deleted too often at once')
}

const HOT = { coolingAt: null, restoredKey: null, restoredUntil: null }
const LIVE = { state: 'live' as const, condemnedAt: null }
