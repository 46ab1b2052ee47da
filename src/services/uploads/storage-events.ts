import { isUuid, type PhotoId } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'

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
      const outboxIds = await db.transaction(async (tx) => {
        const rows = await tx.query<Pick<PhotoRow, 'photo_id' | 'owner_id' | 'upload_expires_at'>>({
          text: `SELECT photo_id, owner_id, upload_expires_at FROM photos
                 WHERE photo_id = ANY ($1::uuid[]) AND status = 'awaiting_upload'`,
          values: [[...new Set(photoIds)]],
        })
        const ids: string[] = []
        for (const row of rows) {
          const payload = {
            photoId: row.photo_id,
            ownerId: row.owner_id,
            expiresAtMs: row.upload_expires_at.getTime(),
          }
          ids.push(await addToOutbox(tx, { kind: 'originalArrived', payload }))
        }
        return ids
      })
      await outbox.dispatch(outboxIds)
      return outboxIds.length
    },
  }
}

function photoIdOf(key: string): PhotoId | undefined {
  const [folder, photoId, ...rest] = key.split('/')
  return folder === 'incoming' && photoId !== undefined && rest.length === 0 && isUuid(photoId)
    ? photoId
    : undefined
}
