import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import type { Archive } from '../../../src/infra/s3/archive.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { coldKey, originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { buildPhoto, type BuildPhotoOptions } from './photos.ts'

interface Stores {
  db: Database
  objects: Pick<ObjectStore, 'put'>
}

export interface StoredPhoto {
  photoId: PhotoId
  body: Buffer
}

/** A photo whose original is stored; its bytes need not be a picture for what reads no pixels. */
export async function buildStoredPhoto(
  { db, objects }: Stores,
  ownerId: UserId,
  { body = randomBytes(1_000), ...options }: BuildPhotoOptions & { body?: Buffer } = {},
): Promise<StoredPhoto> {
  const { photoId } = await buildPhoto(db, ownerId, options)
  const key = originalKey(photoId)
  await objects.put(key, body, 'image/jpeg')
  await db.primary({
    text: `WITH blob AS (
        INSERT INTO blobs (blob_id, sha256, bytes, object_key, state) VALUES ($1, $2, $3, $4, 'separate'))
      UPDATE photos SET blob_id = $1, sha256 = $2, bytes = $3 WHERE photo_id = $1`,
    values: [photoId, createHash('sha256').update(body).digest(), body.length, key],
  })
  return { photoId, body }
}

/** Moves the original of a photo into the cold storage, as coldStorage does with an old one. */
export async function cool(
  { db, objects, archive }: { db: Database; objects: Pick<ObjectStore, 'delete'>; archive: Archive },
  { photoId, body }: StoredPhoto,
): Promise<void> {
  const contents = { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }
  await archive.store(coldKey(photoId), { body: Readable.from([body]), bytes: body.length }, contents)
  await db.primary({
    text: `WITH blob AS (UPDATE blobs SET tier = 'cold', object_key = $2 WHERE blob_id = $1)
      INSERT INTO cold_originals (photo_id) VALUES ($1)`,
    values: [photoId, coldKey(photoId)],
  })
  await objects.delete([originalKey(photoId)])
}
