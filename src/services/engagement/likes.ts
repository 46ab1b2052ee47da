import { notFound } from '../../domain/errors.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Database, Statement, Transaction } from '../../infra/db/database.ts'
import { accountOnly, accountVisibleTo, visibleTo } from '../../infra/db/rules.ts'
import { toAccount, type Account } from '../accounts/accounts.ts'
import { OWE_NOTIFICATIONS } from '../delivery/notification-events.ts'
import { accountPages, LIST_VIEWER } from '../graph/account-pages.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import { changePhotoCounters } from '../photos/photo-counters.ts'
import { enterGate } from './gate.ts'
import { assertPhotoSeen } from './seen-photo.ts'

export interface Likes {
  /** Idempotent. @throws DarkroomError not_found */
  like(userId: UserId, photoId: PhotoId): Promise<void>
  /** Idempotent. @throws DarkroomError not_found */
  unlike(userId: UserId, photoId: PhotoId): Promise<void>
  /** The accounts that like the photo and exist for the viewer, latest like first. @throws DarkroomError not_found, bad_cursor */
  list(list: ListRead, photoId: PhotoId): Promise<Page<Account>>
}

// Plan: one probe of photos_pkey and users_pkey, those of the access rule, and one of likes_pkey.
const SEEN = `
  SELECT p.photo_id, p.owner_id FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', accountOnly('$2::bigint'))}`
const LIKE = `
  WITH seen AS MATERIALIZED (${SEEN}), changed AS (
    INSERT INTO likes (photo_id, user_id) SELECT photo_id, $2 FROM seen ON CONFLICT DO NOTHING RETURNING 1),
  owed AS (${OWE_NOTIFICATIONS}
    SELECT owner_id, '{like}', $2, photo_id, NULL, NULL FROM seen, changed WHERE owner_id <> $2)
  SELECT EXISTS (SELECT FROM seen) AS seen, EXISTS (SELECT FROM changed) AS changed`
const UNLIKE = `
  WITH seen AS MATERIALIZED (${SEEN}), changed AS (
    DELETE FROM likes USING seen WHERE likes.photo_id = seen.photo_id AND likes.user_id = $2 RETURNING 1)
  SELECT EXISTS (SELECT FROM seen) AS seen, EXISTS (SELECT FROM changed) AS changed`

/** Accounts that do not exist for the viewer are skipped. */
const likers = accountPages({
  name: 'likers-page',
  table: 'likes',
  owner: 'photo_id',
  other: 'user_id',
  listed: accountVisibleTo('u', LIST_VIEWER),
})

export function createLikes({ db }: { db: Database }): Likes {
  return {
    like: (userId, photoId) =>
      db.transaction(async (tx) => {
        await enterGate(tx, userId, photoId)
        if (await change(tx, { name: 'like', text: LIKE }, userId, photoId))
          await changePhotoCounters(tx, [{ photoId, likes: 1 }])
      }),
    unlike: (userId, photoId) =>
      db.transaction(async (tx) => {
        if (await change(tx, { name: 'unlike', text: UNLIKE }, userId, photoId))
          await changePhotoCounters(tx, [{ photoId, likes: -1 }])
      }),
    async list(list, photoId) {
      await assertPhotoSeen(list, photoId)
      return likers(list, photoId, toAccount)
    },
  }
}

/** @returns whether there is a like more or less. @throws DarkroomError not_found */
async function change(
  tx: Transaction,
  statement: Pick<Statement, 'name' | 'text'>,
  userId: UserId,
  photoId: PhotoId,
): Promise<boolean> {
  const [row] = await tx.query<{ seen: boolean; changed: boolean }>({
    ...statement,
    values: [photoId, userId],
  })
  if (!row!.seen) throw notFound('photo')
  return row!.changed
}
