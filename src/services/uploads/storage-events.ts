import { isUuid } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Outbox } from '../delivery/outbox.ts'

/** An object that the storage reports as created. */
export interface CreatedObject {
  bucket: string
  key: string
}

/** A photo or an avatar whose original is awaited. */
type AwaitedRow = Pick<PhotoRow, 'owner_id' | 'upload_expires_at'> & { id: string; is_avatar: boolean }

export interface StorageEvents {
  /**
   * Wakes the uploads of photos and avatars that the objects belong to. Events are only hints: other objects and uploads that
   * await nothing are ignored, and the workflow checks the object itself.
   * @returns how many uploads were woken
   */
  objectsCreated(objects: readonly CreatedObject[]): Promise<number>
}

export function createStorageEvents(deps: { db: Database; outbox: Outbox; bucket: string }): StorageEvents {
  const { db, outbox, bucket } = deps
  return {
    async objectsCreated(objects) {
      const ids = objects
        .filter((object) => object.bucket === bucket)
        .map((object) => idOf(object.key))
        .filter((id) => id !== undefined)
      if (ids.length === 0) return 0
      const rows = await db.primary<AwaitedRow>({
        text: `SELECT photo_id AS id, false AS is_avatar, owner_id, upload_expires_at FROM photos
            WHERE photo_id = ANY ($1::uuid[]) AND status = 'awaiting_upload'
          UNION ALL SELECT avatar_id, true, owner_id, upload_expires_at FROM avatars
            WHERE avatar_id = ANY ($1::uuid[]) AND status = 'awaiting_upload'`,
        values: [[...new Set(ids)]],
      })
      await Promise.all(
        rows.map(({ id, is_avatar: isAvatar, owner_id: ownerId, upload_expires_at: expiresAt }) => {
          const payload = { ownerId, expiresAtMs: expiresAt.getTime() }
          return outbox.hint(
            isAvatar
              ? { kind: 'avatarChanged', payload: { avatarId: id, ...payload } }
              : { kind: 'originalArrived', payload: { photoId: id, ...payload } },
          )
        }),
      )
      return rows.length
    },
  }
}

/** Of a photo or an avatar. */
function idOf(key: string): string | undefined {
  const [folder, id, ...rest] = key.split('/')
  return folder === 'incoming' && id !== undefined && rest.length === 0 && isUuid(id) ? id : undefined
}
