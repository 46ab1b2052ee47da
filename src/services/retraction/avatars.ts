import type { PhotoPlan, StaleVariant } from '../../contracts/activities/retraction.ts'
import { AVATAR_SPECS, type AvatarStatus } from '../../domain/avatars.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { addToOutbox } from '../delivery/outbox.ts'
import { closeIncoming, isTombstone } from '../photos/incoming.ts'
import { epochOfKey, incomingKey, keyAtEpoch, variantKey } from '../photos/object-keys.ts'
import { variantKeysOf } from '../photos/variant-objects.ts'
import type { PhotoObjects } from './objects.ts'
import { photoSubject } from './subjects.ts'

/** An avatar as edges, bucket and photoSync know it: by an id of the form of a photo's, and an epoch. */
interface StoredAvatar {
  ownerId: UserId
  status: AvatarStatus
  /** The epoch under which its objects lie; null unless it is shown. */
  epoch: number | null
  /** Edges owe a proof that they refuse URLs below this epoch. */
  minEpoch: number | null
}

/** Plan: avatars_pkey, users_pkey and retractions_pkey. */
export async function readAvatar(query: Query, avatarId: string): Promise<StoredAvatar | undefined> {
  const [row] = await query<{
    owner_id: UserId
    status: AvatarStatus
    avatar_epoch: number | null
    min_epoch: number | null
  }>({
    text: `SELECT a.owner_id, a.status, u.avatar_epoch, r.min_epoch
      FROM avatars a LEFT JOIN users u ON u.user_id = a.owner_id AND u.avatar_id = a.avatar_id
      LEFT JOIN retractions r ON r.subject = $2 WHERE a.avatar_id = $1`,
    values: [avatarId, photoSubject(avatarId)],
  })
  return (
    row && { ownerId: row.owner_id, status: row.status, epoch: row.avatar_epoch, minEpoch: row.min_epoch }
  )
}

/** What an avatar's row asks of bucket and edges; search and feeds know nothing of avatars. */
export function planAvatar(avatarId: string, { status, epoch, minEpoch }: StoredAvatar): PhotoPlan {
  const accessEpoch = minEpoch ?? epoch ?? 0
  const isBehind = epoch !== null && epoch < accessEpoch
  return {
    state: status === 'retired' ? 'deleted' : 'published',
    version: accessEpoch,
    accessEpoch,
    wasPublished: false,
    minEpoch,
    stale: isBehind ? variantsAt(avatarId, epoch) : [],
  }
}

/** What is stored of an avatar that is shown. */
export const variantsAt = (avatarId: string, epoch: number): StaleVariant[] =>
  AVATAR_SPECS.map(({ size: variant, format }) => ({
    variant,
    format,
    objectKey: variantKey(avatarId, epoch, variant, format),
  }))

/** What is stored of an avatar. Its rows are one number, so that the move of all squares is switched at once, by `sweep`. */
export function createAvatarObjects({
  db: { primary },
  objects,
}: {
  db: Pick<Database, 'primary'>
  objects: ObjectStore
}): PhotoObjects {
  async function list(avatarId: string): Promise<string[]> {
    const keys = await variantKeysOf(objects, avatarId)
    const incoming = await objects.head(incomingKey(avatarId))
    if (incoming && !isTombstone(incoming)) keys.push(incomingKey(avatarId))
    return keys
  }

  return {
    list,

    async move(avatarId, { objectKey }) {
      const avatar = await readAvatar(primary, avatarId)
      if (!avatar || avatar.epoch === null || avatar.minEpoch === null)
        return { outcome: 'superseded', removed: [] }
      const newKey = keyAtEpoch(objectKey, avatar.minEpoch)
      if (newKey === objectKey) return { outcome: 'superseded', removed: [] }
      try {
        await objects.copy(objectKey, newKey)
      } catch (error) {
        // An earlier try has moved it on; or it is nowhere, and nothing can be made of it.
        if (!(error instanceof ObjectMissingError)) throw error
      }
      return { outcome: 'moved', removed: [] }
    },

    async sweep(avatarId) {
      const listed = await variantKeysOf(objects, avatarId)
      const avatar = await readAvatar(primary, avatarId)
      if (!avatar || avatar.epoch === null) return []
      // The newest that was moved to: what came after the move asks for another one.
      const newest = Math.max(avatar.epoch, ...listed.map((key) => epochOfKey(key)!))
      await primary({
        text: `UPDATE users SET avatar_epoch = $3 WHERE user_id = $1 AND avatar_id = $2 AND avatar_epoch < $3`,
        values: [avatar.ownerId, avatarId, newest],
      })
      const left = listed.filter((key) => epochOfKey(key)! < newest)
      if (left.length > 0) await objects.delete(left)
      return left
    },

    async deleteAll(avatarId) {
      const keys = await list(avatarId)
      await closeIncoming({ primary, objects }, avatarId)
      const own = keys.filter((key) => key !== incomingKey(avatarId))
      if (own.length > 0) await objects.delete(own)
      return keys
    },
  }
}

/** Photos and avatars, each by its own; ids tell them apart, as both are random. */
export function withAvatars(
  db: Pick<Database, 'primary'>,
  photos: PhotoObjects,
  avatars: PhotoObjects,
): PhotoObjects {
  const of = async (id: PhotoId) => ((await readAvatar(db.primary, id)) ? avatars : photos)
  return {
    move: async (id, stale) => (await of(id)).move(id, stale),
    sweep: async (id) => (await of(id)).sweep(id),
    list: async (id) => (await of(id)).list(id),
    deleteAll: async (id) => (await of(id)).deleteAll(id),
  }
}

/**
 * Has the avatar of an account that is away or suspended moved, so that its URLs, which have no expiry, are refused for longer than edges
 * deny the account. That of a private account stays: everyone may see it.
 * @returns the outbox messages to dispatch after the commit
 */
export async function withdrawAvatar(tx: Transaction, ownerId: UserId): Promise<string[]> {
  const [moved] = await tx.query<{ avatar_id: string }>({
    text: `WITH hidden AS (
        SELECT avatar_id, avatar_epoch, user_id FROM users
        WHERE user_id = $1 AND status <> 'active' AND avatar_id IS NOT NULL FOR NO KEY UPDATE),
      owed AS (
        INSERT INTO retractions (subject, owner_id, min_epoch, since)
        SELECT 'photo/' || avatar_id, user_id, avatar_epoch + 1, clock_timestamp() FROM hidden
        ON CONFLICT (subject) DO UPDATE SET min_epoch = greatest(retractions.min_epoch, excluded.min_epoch))
      SELECT avatar_id FROM hidden`,
    values: [ownerId],
  })
  if (!moved) return []
  return [await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId: moved.avatar_id, ownerId } })]
}

/** The last trace of an avatar, once every edge has proven that it is gone. */
export async function forgetAvatar(primary: Query, avatarId: string): Promise<void> {
  await primary({
    text: `DELETE FROM avatars WHERE avatar_id = $1 AND status = 'retired'`,
    values: [avatarId],
  })
}
