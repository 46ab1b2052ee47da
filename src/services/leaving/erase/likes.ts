import type { PhotoId } from '../../../domain/ids.ts'
import type { Database } from '../../../infra/db/database.ts'
import { changePhotoCounters } from '../../photos/photo-counters.ts'
import { countRemoved, type ErasureStep } from './step.ts'

const BATCH_LIKES = 200

// Plan: likes_user_idx, then likes_pkey.
const UNLIKE = `
  DELETE FROM likes WHERE user_id = $1 AND photo_id IN (
    SELECT photo_id FROM likes WHERE user_id = $1 ORDER BY photo_id LIMIT $2) RETURNING photo_id`

/** Takes the account's likes back, and counts each photo's again. */
export const eraseLikes = ({ db }: { db: Pick<Database, 'transaction'> }): ErasureStep => ({
  name: 'likes',
  async next(account) {
    const removed = await db.transaction(async (tx) => {
      const liked = await tx.query<{ photo_id: PhotoId }>({
        text: UNLIKE,
        values: [account.userId, BATCH_LIKES],
      })
      await changePhotoCounters(
        tx,
        liked.map((row) => ({ photoId: row.photo_id, likes: -1 })),
      )
      await countRemoved(tx.query, account, { store: 'postgres', what: 'likes', removed: liked.length })
      return liked.length
    })
    return removed === BATCH_LIKES ? 'more' : 'done'
  },
})
