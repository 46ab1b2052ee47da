import type { AvatarClaim } from '../../contracts/activities/avatars.ts'
import type { AvatarStatus } from '../../domain/avatars.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { avatarUploadClosed } from '../../observability/avatar-events.ts'
import { closeIncoming } from '../photos/incoming.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { variantKeysOf } from '../photos/variant-objects.ts'

/** The steps of an avatar that touch rows and keys, not pixels. Each may run twice. */
export interface AvatarSteps {
  /** If the object exists, moves the avatar from `awaiting_upload` to `processing`. */
  claim(avatarId: string): Promise<AvatarClaim>
  /**
   * Closes an upload that did not become an avatar, for the reason given unless it has one, and removes what is stored of it.
   * @returns whether it is closed; false of an avatar that was published
   */
  close(avatarId: string, failure: { code: string; detail: string }): Promise<boolean>
}

interface AvatarStepsDeps {
  db: Pick<Database, 'primary'>
  objects: ObjectStore
}

export function createAvatarSteps({ db, objects }: AvatarStepsDeps): AvatarSteps {
  const { primary } = db
  return {
    async claim(avatarId) {
      if (!(await objects.head(incomingKey(avatarId)))) {
        const status = await statusOf(primary, avatarId)
        return { outcome: status === 'awaiting_upload' ? 'absent' : 'closed' }
      }
      await primary({
        text: `UPDATE avatars SET status = 'processing' WHERE avatar_id = $1 AND status = 'awaiting_upload'`,
        values: [avatarId],
      })
      // There is one open workflow of an avatar, so an earlier try of it may have claimed the row.
      return { outcome: (await statusOf(primary, avatarId)) === 'processing' ? 'claimed' : 'closed' }
    },

    async close(avatarId, { code, detail }) {
      const closed = await primary({
        text: `UPDATE avatars SET status = 'failed', failure_code = $2, failure_detail = left($3, ${MAX_CHARACTERS.failureDetail})
          WHERE avatar_id = $1 AND status IN ('awaiting_upload', 'processing') RETURNING avatar_id`,
        values: [avatarId, code, detail],
      })
      if (closed.length > 0) avatarUploadClosed(code)
      const status = await statusOf(primary, avatarId)
      // What was published is removed by photoSync, with the proofs of the edges.
      if (status === 'ready' || status === 'retired') return false
      await removeUnpublished({ primary, objects }, avatarId)
      return true
    },
  }
}

/** Removes what is stored of an avatar that was never shown. */
export async function removeUnpublished(
  { primary, objects }: { primary: Query; objects: ObjectStore },
  avatarId: string,
): Promise<number> {
  await closeIncoming({ primary, objects }, avatarId)
  const keys = await variantKeysOf(objects, avatarId)
  if (keys.length > 0) await objects.delete(keys)
  return keys.length
}

async function statusOf(query: Query, avatarId: string): Promise<AvatarStatus | undefined> {
  const [row] = await query<{ status: AvatarStatus }>({
    text: 'SELECT status FROM avatars WHERE avatar_id = $1',
    values: [avatarId],
  })
  return row?.status
}
