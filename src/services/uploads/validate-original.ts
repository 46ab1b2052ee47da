import type { ValidationOutcome } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { isValidated, type PhotoStatus } from '../../domain/visibility.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { InspectedOriginal } from '../../infra/image/inspect.ts'
import type { ImageProcessor } from '../../infra/image/processor.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { originalKey } from '../blobs/blob-keys.ts'
import { keepOriginal } from '../blobs/keep-original.ts'
import { deleteUnnamedCopy } from '../blobs/release-original.ts'
import { withFileOf } from './object-file.ts'
import { openIncoming } from './open-incoming.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { recordFileMetadata } from '../photos/file-metadata.ts'
import { placeByLikeness } from '../photos/likeness.ts'
import { recordVariant } from '../photos/photo-row.ts'

export interface OriginalsDeps {
  db: Database
  objects: ObjectStore
  images: ImageProcessor
  maxBytes: number
  maxPixels: number
}

export interface Originals {
  /**
   * Inspects the uploaded object under a pinned ETag, copies exactly these bytes out of clients' reach and
   * records the result in the photo's row, which keeps personal data out of workflow histories.
   * @throws InvalidImageError if the bytes can never become a photo
   */
  validate(photoId: PhotoId, signal?: AbortSignal): Promise<ValidationOutcome>
}

export function createOriginals({ db, objects, images, maxBytes, maxPixels }: OriginalsDeps): Originals {
  return {
    async validate(photoId, signal) {
      const key = incomingKey(photoId)
      const declared = await readDeclared(db, photoId)
      if (!declared) return { outcome: 'gone' }
      // An earlier try has recorded the result, and other photos may have joined its copy since.
      if (declared.recorded) return { outcome: 'valid', ...declared.recorded, bytes: declared.bytes }
      const inspect = (file: string) =>
        images.run(
          'inspectOriginal',
          file,
          {
            declaredContentType: declared.contentType,
            maxBytes,
            maxPixels,
            expectedBytes: declared.bytes,
            ...(declared.sha256 ? { expectedSha256: declared.sha256 } : {}),
          },
          { signal },
        )
      const { body, etag } = await openIncoming(objects, key, declared.bytes)
      // The storage copies while the image is decoded, not while it sends the bytes.
      const inspected = await withFileOf(body, signal, (file) =>
        besides(objects.copy(key, originalKey(photoId), etag), inspect(file)),
      )
      if (await note(db, photoId, inspected)) {
        return { outcome: 'valid', width: inspected.width, height: inspected.height, bytes: inspected.bytes }
      }
      // The photo was deleted in the meantime, maybe before the deletion could find the copy.
      await deleteUnnamedCopy({ db, objects }, photoId)
      return { outcome: 'gone' }
    },
  }
}

/**
 * What `main` resolves with, once both have ended: a copy that went on after a failure would end after the failed upload's
 * objects were deleted.
 */
async function besides<T>(aside: Promise<unknown>, main: Promise<T>): Promise<T> {
  const [, result] = await Promise.allSettled([aside, main])
  if (result.status === 'rejected') throw result.reason
  await aside
  return result.value
}

async function readDeclared(db: Database, photoId: PhotoId) {
  const [row] = await db.primary<{
    status: PhotoStatus
    content_type: string
    bytes: string
    declared_sha256: Buffer | null
    blob_id: string | null
    width: number
    height: number
  }>({
    text: `SELECT status, content_type, bytes::text, declared_sha256, blob_id, width, height FROM photos WHERE photo_id = $1`,
    values: [photoId],
  })
  if (!row) return undefined
  const isPublished = isValidated(row.status)
  if (row.status !== 'processing' && !isPublished) return undefined
  return {
    contentType: row.content_type,
    bytes: Number(row.bytes),
    sha256: row.declared_sha256?.toString('hex'),
    recorded: row.blob_id === null && !isPublished ? undefined : { width: row.width, height: row.height },
  }
}

/** Records the result if the photo is still being processed; the row's lock orders it with a deletion. */
async function note(db: Database, photoId: PhotoId, original: InspectedOriginal): Promise<boolean> {
  return db.transaction(async ({ query }) => {
    const [photo] = await query<Pick<PhotoRow, 'owner_id' | 'blob_id'>>({
      text: `SELECT owner_id, blob_id FROM photos WHERE photo_id = $1 AND status = 'processing' FOR NO KEY UPDATE`,
      values: [photoId],
    })
    if (!photo) return false
    // Another try of the same step was faster.
    if (photo.blob_id !== null) return true
    await query({
      text: `
        UPDATE photos SET sha256 = decode($2, 'hex'), width = $3, height = $4, thumbhash = $5,
          taken_at = CASE WHEN taken_at_edited THEN taken_at ELSE $6::timestamp END,
          taken_at_offset = CASE WHEN taken_at_edited THEN taken_at_offset ELSE $7 END, camera = $8,
          latitude = CASE WHEN location_edited THEN latitude ELSE $9 END,
          longitude = CASE WHEN location_edited THEN longitude ELSE $10 END, animation_frames = $11
        WHERE photo_id = $1`,
      values: [
        photoId,
        original.sha256,
        original.width,
        original.height,
        original.thumbhash,
        original.takenAt?.local ?? null,
        original.takenAt?.offsetMinutes ?? null,
        original.camera ?? null,
        original.location?.latitude ?? null,
        original.location?.longitude ?? null,
        original.animationFrames,
      ],
    })
    await recordFileMetadata(query, photoId, original)
    await recordVariant(query, photoId, {
      variant: 'original',
      format: original.contentType.replace('image/', ''),
      objectKey: await keepOriginal(query, photoId, original),
      width: original.width,
      height: original.height,
      bytes: original.bytes,
    })
    // Last, as it takes a lock of the whole account.
    await placeByLikeness(query, {
      photoId,
      ownerId: photo.owner_id,
      sha256: original.sha256,
      perceptualHash: original.perceptualHash,
    })
    return true
  })
}
