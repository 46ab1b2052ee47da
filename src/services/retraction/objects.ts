import type { MovedVariant, StaleVariant } from '../../contracts/activities/retraction.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { closeIncoming, isTombstone } from '../photos/incoming.ts'
import { epochOfKey, incomingKey, keyAtEpoch } from '../photos/object-keys.ts'
import { variantKeysOf } from '../photos/variant-objects.ts'
import { originalKey } from '../blobs/blob-keys.ts'
import { originalOf } from '../blobs/read-original.ts'
import { releaseOriginal } from '../blobs/release-original.ts'
import { holdPhoto } from '../photos/photo-row.ts'

/** Brings a photo's objects in line with its row. Each step may run twice. */
export interface PhotoObjects {
  /**
   * Copies a variant to the key of the photo's access epoch, switches its row and deletes the old object. Nothing is done for a
   * photo that is deleted, or a variant that was moved.
   */
  move(photoId: PhotoId, stale: StaleVariant): Promise<MovedVariant>
  /** Deletes variants of former epochs that no row names. @returns their keys */
  sweep(photoId: PhotoId): Promise<string[]>
  /** The keys of all that is stored of a photo. */
  list(photoId: PhotoId): Promise<string[]>
  /** Deletes all that is stored of a deleted photo, and the rows that name it. @returns the keys */
  deleteAll(photoId: PhotoId): Promise<string[]>
}

export function createPhotoObjects({
  db,
  objects,
  archive,
}: {
  db: Database
  objects: ObjectStore
  archive?: Archive | undefined
}): PhotoObjects {
  async function list(photoId: PhotoId): Promise<string[]> {
    const keys = await variantKeysOf(objects, photoId)
    const incoming = await objects.head(incomingKey(photoId))
    if (incoming && !isTombstone(incoming)) keys.push(incomingKey(photoId))
    // Named alike whether or not others share it: what a deletion reports tells nobody that they do.
    if (await originalOf(db.primary, photoId)) keys.push(originalKey(photoId))
    return keys
  }

  return {
    list,

    async move(photoId, stale) {
      const [photo] = await db.primary<{ access_epoch: number }>({
        text: `SELECT access_epoch FROM photos WHERE photo_id = $1 AND status <> 'deleted'`,
        values: [photoId],
      })
      if (!photo) return { outcome: 'superseded', removed: [] }
      const newKey = keyAtEpoch(stale.objectKey, photo.access_epoch)
      if (newKey === stale.objectKey) return { outcome: 'superseded', removed: [] }
      if (!(await copyUnlessDone(objects, stale.objectKey, newKey))) {
        await forget(db, photoId, stale)
        return { outcome: 'missing', removed: [stale.objectKey] }
      }
      const { outcome, recorded } = await switchRow(db, photoId, photo.access_epoch, stale, newKey)
      // An earlier try may have switched the row before it died. The copy is of no use only once the epoch has moved on: until
      // then a later call for the same variant records it.
      const useless = outcome === 'moved' ? [stale.objectKey] : [stale.objectKey, newKey]
      const removed = useless.filter((key) => !recorded.has(key))
      if (removed.length > 0) await objects.delete(removed)
      return { outcome, removed }
    },

    async sweep(photoId) {
      const listed = await variantKeysOf(objects, photoId)
      // Read after the listing: what is stored since then is not in it, and what it names is recorded by now or late.
      const rows = await db.primary<{ access_epoch: number; object_key: string | null }>({
        text: `SELECT p.access_epoch, v.object_key FROM photos p LEFT JOIN photo_variants v USING (photo_id)
          WHERE p.photo_id = $1`,
        values: [photoId],
      })
      const recorded = new Set(rows.map((row) => row.object_key))
      const accessEpoch = rows[0]?.access_epoch ?? 0
      const left = listed.filter((key) => !recorded.has(key) && epochOfKey(key)! < accessEpoch)
      if (left.length > 0) await objects.delete(left)
      return left
    },

    async deleteAll(photoId) {
      const keys = await list(photoId)
      await closeIncoming({ primary: db.primary, objects }, photoId)
      const own = keys.filter((key) => key !== originalKey(photoId) && key !== incomingKey(photoId))
      if (own.length > 0) await objects.delete(own)
      await releaseOriginal({ db, objects, archive }, photoId)
      await db.primary({
        text: `DELETE FROM photo_variants v USING photos p
          WHERE v.photo_id = $1 AND p.photo_id = v.photo_id AND p.status = 'deleted'`,
        values: [photoId],
      })
      return keys
    },
  }
}

/** False if the object is at neither key. If an earlier try has already deleted the source, the copy is in place. */
async function copyUnlessDone(objects: ObjectStore, from: string, to: string): Promise<boolean> {
  try {
    await objects.copy(from, to)
    return true
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error
    return (await objects.head(to)) !== undefined
  }
}

/** The row names an object that is nowhere: without it, the variant is missing and can be made again. */
async function forget(db: Database, photoId: PhotoId, { objectKey }: StaleVariant): Promise<void> {
  await db.primary({
    text: 'DELETE FROM photo_variants WHERE photo_id = $1 AND object_key = $2',
    values: [photoId, objectKey],
  })
}

/** `superseded` if the photo was narrowed again or deleted since the copy. */
async function switchRow(
  db: Database,
  photoId: PhotoId,
  accessEpoch: number,
  { objectKey }: StaleVariant,
  newKey: string,
): Promise<{ outcome: 'moved' | 'superseded'; recorded: Set<string> }> {
  return db.transaction(async ({ query }) => {
    const photo = await holdPhoto(query, photoId)
    const isCurrent = photo?.status !== 'deleted' && photo?.accessEpoch === accessEpoch
    if (isCurrent)
      await query({
        text: 'UPDATE photo_variants SET object_key = $3 WHERE photo_id = $1 AND object_key = $2',
        values: [photoId, objectKey, newKey],
      })
    return { outcome: isCurrent ? 'moved' : 'superseded', recorded: await recordedKeys(query, photoId) }
  })
}

async function recordedKeys(query: Query, photoId: PhotoId): Promise<Set<string>> {
  const rows = await query<{ object_key: string }>({
    text: 'SELECT object_key FROM photo_variants WHERE photo_id = $1',
    values: [photoId],
  })
  return new Set(rows.map((row) => row.object_key))
}
