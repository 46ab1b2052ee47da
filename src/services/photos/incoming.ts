import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { incomingKey } from './object-keys.ts'

/** Marks the key of an upload that is over; an original has at least one byte. */
const TOMBSTONE = Buffer.alloc(0)
const TOMBSTONE_TYPE = 'application/x-darkroom-closed'

/** An object under `incoming/` without a byte: no original, and none can take its place. */
export const isTombstone = ({ bytes }: { bytes: number }): boolean => bytes === 0

/**
 * Ends what a client can send of an original, of a photo or an avatar, and removes what came. While the signed URL of a PUT still works, an empty object
 * stays under its key, because the URL is signed for a key that does not exist (`If-None-Match: *`); a sweep takes it away later.
 * The URLs of parts end with their upload. May run twice.
 */
export async function closeIncoming(
  { primary, objects }: { primary: Query; objects: ObjectStore },
  photoId: PhotoId,
): Promise<void> {
  const key = incomingKey(photoId)
  const [upload] = await primary<{ upload_id: string | null; is_open: boolean }>({
    text: `SELECT m.upload_id, p.upload_expires_at > now() AS is_open
      FROM photos p LEFT JOIN multipart_uploads m USING (photo_id) WHERE p.photo_id = $1
      UNION ALL SELECT NULL, upload_expires_at > now() FROM avatars WHERE avatar_id = $1`,
    values: [photoId],
  })
  if (upload?.upload_id) {
    await objects.abortParts(key, upload.upload_id)
    await objects.delete([key])
    await primary({ text: 'DELETE FROM multipart_uploads WHERE photo_id = $1', values: [photoId] })
  } else if (upload?.is_open) await objects.put(key, TOMBSTONE, TOMBSTONE_TYPE)
  else await objects.delete([key])
}
