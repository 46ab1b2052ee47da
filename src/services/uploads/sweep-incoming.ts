import type { Sweep } from '../../contracts/housekeeping.ts'
import { isUuid, type PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { incomingKey } from '../photos/object-keys.ts'

const BATCH_OBJECTS = 500
/** After the URL has expired and a PUT under way has ended, nothing can arrive under the key any more. */
const AFTER_EXPIRY = `interval '1 hour'`
/** Long enough for the row of an upload in parts to be committed. */
const UNNAMED_PARTS_KEPT_MS = 60 * 60 * 1000
/** Objects without a row get a day, in case the database was restored or the bucket is shared. */
const UNKNOWN_KEPT_MS = 24 * 60 * 60 * 1000

interface Incoming {
  photoId: PhotoId
  lastModified: Date
}

/**
 * Deletes what is left of closed uploads: empty objects that kept their URLs from working again, mostly, since publication and
 * failure empty the key. So the list is as long as there were uploads in an hour or two.
 */
export function sweepIncoming(primary: Query, objects: ObjectStore): Sweep {
  async function deleteClosed(found: readonly Incoming[]): Promise<number> {
    const rows = await primary<{ photo_id: PhotoId; is_closed: boolean }>({
      text: `SELECT photo_id, status NOT IN ('awaiting_upload', 'processing')
          AND upload_expires_at < now() - ${AFTER_EXPIRY} AS is_closed
        FROM photos WHERE photo_id = ANY ($1::uuid[])
        UNION ALL SELECT avatar_id, status NOT IN ('awaiting_upload', 'processing')
          AND upload_expires_at < now() - ${AFTER_EXPIRY}
        FROM avatars WHERE avatar_id = ANY ($1::uuid[])`,
      values: [found.map(({ photoId }) => photoId)],
    })
    const isClosed = new Map(rows.map((row) => [row.photo_id, row.is_closed]))
    const closed = found.filter(
      ({ photoId, lastModified }) =>
        isClosed.get(photoId) ?? Date.now() - lastModified.getTime() > UNKNOWN_KEPT_MS,
    )
    if (closed.length > 0) await objects.delete(closed.map(({ photoId }) => incomingKey(photoId)))
    return closed.length
  }

  return {
    name: 'incomingObjects',
    summary: 'Delete objects of uploads that are closed',
    async run(signal) {
      let deleted = 0
      let batch: Incoming[] = []
      for await (const { key, lastModified } of objects.list(incomingKey(''))) {
        signal?.throwIfAborted()
        const photoId = key.slice(incomingKey('').length)
        if (isUuid(photoId)) batch.push({ photoId, lastModified })
        if (batch.length < BATCH_OBJECTS) continue
        deleted += await deleteClosed(batch)
        batch = []
      }
      return deleted + (batch.length > 0 ? await deleteClosed(batch) : 0)
    },
  }
}

/**
 * Aborts uploads in parts that no client can go on with: those of photos that await no original, and those that a crash has left
 * without a row. The storage keeps, and charges for, their parts without end.
 */
export function sweepMultipart(primary: Query, objects: ObjectStore): Sweep {
  return {
    name: 'multipartUploads',
    summary: 'Abort uploads in parts that are closed',
    async run(signal) {
      let aborted = 0
      for await (const { key, uploadId, initiated } of objects.listUnfinished(incomingKey(''))) {
        signal?.throwIfAborted()
        const photoId = key.slice(incomingKey('').length)
        if (Date.now() - initiated.getTime() < UNNAMED_PARTS_KEPT_MS || !isUuid(photoId)) continue
        const [row] = await primary<{ is_open: boolean }>({
          text: `SELECT m.upload_id = $2 AND p.status = 'awaiting_upload' AS is_open
            FROM photos p JOIN multipart_uploads m USING (photo_id) WHERE p.photo_id = $1`,
          values: [photoId, uploadId],
        })
        if (row?.is_open) continue
        await objects.abortParts(key, uploadId)
        aborted++
      }
      return aborted
    },
  }
}
