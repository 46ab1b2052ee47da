import type { AvatarStatus } from '../../../domain/avatars.ts'
import type { Database } from '../../../infra/db/database.ts'
import type { ObjectStore } from '../../../infra/s3/object-store.ts'
import { removeUnpublished } from '../../avatars/avatar-steps.ts'
import { removeAvatar } from '../../avatars/remove-avatar.ts'
import type { Outbox } from '../../delivery/outbox.ts'
import { countRemoved, type ErasureStep } from './step.ts'

/** Deletes the avatar and uploads of others; photoSync sees to what was shown, with the proofs of the edges. */
export function eraseAvatars({
  db,
  outbox,
  bucket,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  bucket: ObjectStore
}): ErasureStep {
  return {
    name: 'avatars',
    async next(account) {
      const { userId } = account
      const { outboxIds } = await db.transaction((tx) => removeAvatar(tx, userId))
      await outbox.dispatch(outboxIds)
      // Plan: avatars_owner_idx. There are a handful.
      const rows = await db.primary<{ avatar_id: string; status: AvatarStatus }>({
        text: 'SELECT avatar_id, status FROM avatars WHERE owner_id = $1',
        values: [userId],
      })
      for (const { avatar_id: avatarId, status } of rows) {
        if (status !== 'failed') continue
        const objects = await removeUnpublished({ primary: db.primary, objects: bucket }, avatarId)
        await db.transaction(async ({ query }) => {
          const removed = await query({
            text: 'DELETE FROM avatars WHERE avatar_id = $1 RETURNING 1',
            values: [avatarId],
          })
          await countRemoved(
            query,
            account,
            { store: 'postgres', what: 'avatars', removed: removed.length },
            { store: 'bucket', what: 'objects', removed: objects },
          )
        })
      }
      return rows.every(({ status }) => status === 'failed') ? 'done' : 'waiting'
    },
  }
}
