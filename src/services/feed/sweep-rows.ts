import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { feedable, inCircle } from '../../infra/db/rules.ts'

/**
 * Rows that one transaction checks while it locks the user's feed_state: a follow of theirs waits some 20 ms for it.
 */
const ROWS_LOOKED_AT = 1_000

/**
 * The last row that a sweep has checked, and the epoch under which it began. Numbers are text, because they only pass
 * through.
 */
export interface SweepPosition {
  epoch: string
  score: string
  photoId: PhotoId
}

export interface SweptBatch {
  deleted: number
  /** Where the next batch begins; undefined when the user is done. */
  next: SweepPosition | undefined
}

/**
 * Checks a batch of a user's rows and deletes those that no longer belong.
 *
 * All checks run under locks, in statements that begin after the locks were taken. The lock on `feed_state` holds off
 * changes of the user's edges and enrolment, because each raises the epoch there. The share lock on photos holds off a
 * widening and so its push. Without them, a row could be found to be a ghost, come to belong, be skipped by an insert
 * because it exists, and then be deleted.
 */
export async function sweepBatch(
  tx: Transaction,
  userId: UserId,
  after: SweepPosition | undefined,
  rowsLookedAt = ROWS_LOOKED_AT,
): Promise<SweptBatch> {
  const [state] = await tx.query<{ epoch: string; enrolled: boolean }>({
    text: 'SELECT epoch, enrolled FROM feed_state WHERE user_id = $1 FOR UPDATE',
    values: [userId],
  })
  if (!state) return { deleted: 0, next: undefined }
  const rows = await tx.query<LookedAt>({
    text: LOOK_AT,
    values: [userId, after?.score ?? '-1', after?.photoId ?? NIL, rowsLookedAt],
  })
  const leaving = state.enrolled ? await ghostsOf(tx, rows) : rows
  if (leaving.length > 0) await deleteRows(tx, userId, leaving)
  const epoch = after?.epoch ?? state.epoch
  const last = rows.at(-1)
  if (last && rows.length === rowsLookedAt) {
    return { deleted: leaving.length, next: { epoch, score: last.score, photoId: last.photo_id } }
  }
  // The epoch of the first batch, so that the user comes up again if it has moved since.
  await tx.query({
    text: 'UPDATE feed_state SET collected_epoch = $2 WHERE user_id = $1',
    values: [userId, epoch],
  })
  return { deleted: leaving.length, next: undefined }
}

const NIL = '00000000-0000-0000-0000-000000000000'

interface LookedAt {
  photo_id: PhotoId
  score: string
  /** Whether the user follows or is the owner; false if the photo does not exist. */
  in_circle: boolean
  feedable: boolean
}

// Plan: a range of one partition's key; photos_pkey and follows_pkey once per row.
const LOOK_AT = `
  SELECT i.photo_id, i.score, p.photo_id IS NOT NULL AND ${inCircle('p.owner_id', '$1::bigint')} AS in_circle,
    coalesce(${feedable('p')}, false) AS feedable
  FROM (SELECT photo_id, score FROM feed_items
    WHERE user_id = $1::bigint AND (score, photo_id) > ($2::bigint, $3::uuid)
    ORDER BY score, photo_id LIMIT $4::integer) i
  LEFT JOIN photos p ON p.photo_id = i.photo_id
  ORDER BY i.score, i.photo_id`

async function ghostsOf(tx: Transaction, rows: readonly LookedAt[]): Promise<LookedAt[]> {
  const hidden = rows.filter((row) => row.in_circle && !row.feedable).map((row) => row.photo_id)
  const stillHidden = new Set<PhotoId>()
  if (hidden.length > 0) {
    const locked = await tx.query<{ photo_id: PhotoId }>({
      text: `SELECT p.photo_id FROM photos p WHERE p.photo_id = ANY ($1::uuid[]) AND NOT ${feedable('p')}
             ORDER BY p.photo_id FOR SHARE`,
      values: [hidden],
    })
    for (const row of locked) stillHidden.add(row.photo_id)
  }
  return rows.filter((row) => !row.in_circle || stillHidden.has(row.photo_id))
}

async function deleteRows(tx: Transaction, userId: UserId, rows: readonly LookedAt[]): Promise<void> {
  await tx.query({
    text: `DELETE FROM feed_items WHERE user_id = $1::bigint AND (score, photo_id) IN (
             SELECT * FROM unnest($2::bigint[], $3::uuid[]))`,
    values: [userId, rows.map((row) => row.score), rows.map((row) => row.photo_id)],
  })
}
