import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { addToOutbox } from '../delivery/outbox.ts'

/**
 * Locks the row of the account, under which its avatars change one after the other, and says which one is shown.
 * @returns undefined if there is no such account
 */
export async function holdAvatarOf(
  tx: Transaction,
  userId: UserId,
): Promise<{ avatarId: string | null } | undefined> {
  const [row] = await tx.query<{ avatar_id: string | null }>({
    text: `SELECT avatar_id FROM users WHERE user_id = $1 AND status <> 'erased' FOR NO KEY UPDATE`,
    values: [userId],
  })
  return row && { avatarId: row.avatar_id }
}

/**
 * Takes back the avatar that is shown, and gives up what was to replace it. A trigger owes the proof that it is gone from every edge;
 * `photoSync` sees to it, as for a photo.
 * @returns whether one was shown, and the outbox messages to dispatch after the commit
 */
export async function removeAvatar(
  tx: Transaction,
  userId: UserId,
): Promise<{ isRemoved: boolean; outboxIds: string[] }> {
  const held = await holdAvatarOf(tx, userId)
  if (!held) return { isRemoved: false, outboxIds: [] }
  const outboxIds: string[] = []
  const { avatarId } = held
  if (avatarId !== null) {
    await tx.query({ text: 'UPDATE users SET avatar_id = NULL WHERE user_id = $1', values: [userId] })
    outboxIds.push(
      await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId: avatarId, ownerId: userId } }),
    )
  }
  const given = await tx.query<{ avatar_id: string; upload_expires_at: Date }>({
    text: `UPDATE avatars SET status = 'failed', failure_code = 'upload_aborted',
        failure_detail = 'The avatar was deleted meanwhile.'
      WHERE owner_id = $1 AND status IN ('awaiting_upload', 'processing') RETURNING avatar_id, upload_expires_at`,
    values: [userId],
  })
  // Their workflows look at the row, find it closed, and remove what arrived.
  for (const row of given)
    outboxIds.push(
      await addToOutbox(tx, {
        kind: 'avatarChanged',
        payload: { avatarId: row.avatar_id, ownerId: userId, expiresAtMs: row.upload_expires_at.getTime() },
      }),
    )
  return { isRemoved: avatarId !== null, outboxIds }
}
