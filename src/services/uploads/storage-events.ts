import { isUuid, type PhotoId } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Outbox } from '../delivery/outbox.ts'

/** An object that the storage reports as created. */
export interface CreatedObject {
  bucket: string
  key: string
}

export interface StorageEvents {
  /**
   * Wakes the uploads that the objects belong to. Events are only hints: other objects and photos that
   * await nothing are ignored, and the workflow checks the object itself.
   * @returns how many uploads were woken
   */
  objectsCreated(objects: readonly CreatedObject[]): Promise<number>
}

export function createStorageEvents(deps: { db: Database; outbox: Outbox; bucket: string }): StorageEvents {
  const { db, outbox, bucket } = deps
  return {
    async objectsCreated(objects) {
      const photoIds = objects
        .filter((object) => object.bucket === bucket)
        .map((object) => photoIdOf(object.key))
        .filter((photoId) => photoId !== undefined)
      if (photoIds.length === 0) return 0
      const rows = await db.primary<Pick<PhotoRow, 'photo_id' | 'owner_id' | 'upload_expires_at'>>({
        text: `SELECT photo_id, owner_id, upload_expires_at FROM photos
               WHERE photo_id = ANY ($1::uuid[]) AND status = 'awaiting_upload'`,
        values: [[...new Set(photoIds)]],
      })
      await Promise.all(
        rows.map(({ photo_id: photoId, owner_id: ownerId, upload_expires_at: expiresAt }) => {
          const payload = { photoId, ownerId, expiresAtMs: expiresAt.getTime() }
          return outbox.hint({ kind: 'originalArrived', payload })
        }),
      )
      return rows.length
    },
  }
}

function photoIdOf(key: string): PhotoId | undefined {
  const [folder, photoId, ...rest] = key.split('/')
  return folder === 'incoming' && photoId !== undefined && rest.length === 0 && isUuid(photoId)
    ? photoId
    : undefined
}
