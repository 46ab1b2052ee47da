import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { addToOutbox } from '../delivery/outbox.ts'
import type { Edge } from './edges.ts'

/**
 * Keeps anyone from beginning to follow an account that is about to turn a follower away. Taken before any feed is locked,
 * as `holdPrivacy` is, and held against it.
 */
export async function lockAudience(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({ text: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE', values: [userId] })
}

/**
 * Revokes the signed image URLs of an account's photos if one of the ended follows was of it: those whom it turned away hold
 * some. Its other followers get new ones with their next page, as they do every few minutes.
 *
 * A follow that its follower ends revokes nothing: nobody should be able to revoke what others were given, and they
 * could have kept the picture.
 * @param ended the follows that the account has just ended; its row is locked
 * @returns the outbox messages to dispatch after the commit
 */
export async function revokeAudience(
  tx: Transaction,
  userId: UserId,
  ended: readonly Edge[],
): Promise<string[]> {
  if (!ended.some(({ followeeId }) => followeeId === userId)) return []
  // The trigger users_retract_audience records what edges owe.
  await tx.query({
    text: 'UPDATE users SET audience_epoch = audience_epoch + 1 WHERE user_id = $1',
    values: [userId],
  })
  return [await addToOutbox(tx, { kind: 'audienceNarrowed', payload: { userId } })]
}
