import type { PhotoId } from '../../../domain/ids.ts'
import type { PhotoRow } from '../../../entities/index.ts'
import type { Database } from '../../../infra/db/database.ts'
import { isUnderReview } from '../../../infra/db/rules.ts'
import type { Outbox } from '../../delivery/outbox.ts'
import { deleteForGood } from '../../photos/delete-for-good.ts'
import type { PhotoObjects } from '../../retraction/objects.ts'
import { countRemoved, removeElsewhere, type ErasureStep } from './step.ts'

/** Each photo is a workflow that deletes objects and has edges prove it: no more than these are under way for the account. */
const MAX_UNDER_WAY = 200
const BATCH_PHOTOS = 50

// Plan: photos_owner_id_idx. What moderation reviews stays in the trash until its case is closed.
const NEXT = `
  SELECT photo_id, owner_id, status, published_at FROM photos p
  WHERE owner_id = $1 AND status <> 'deleted' AND NOT (status = 'trashed' AND ${isUnderReview('photo', 'p.photo_id')})
  ORDER BY photo_id LIMIT $2 FOR NO KEY UPDATE`
// Plan: photo_erasures_owner_idx.
const UNDER_WAY = `
  SELECT count(*)::int AS photos FROM (
    SELECT FROM photo_erasures WHERE owner_id = $1 AND erased_at IS NULL LIMIT $2) owed`

/** Deletes the photos for good, those in the trash and uploads under way as well; their own workflows see to every store. */
export function erasePhotos({
  db,
  outbox,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
}): ErasureStep {
  return {
    name: 'photos',
    async next({ userId }) {
      const [under] = await db.primary<{ photos: number }>({
        text: UNDER_WAY,
        values: [userId, MAX_UNDER_WAY],
      })
      if (under!.photos >= MAX_UNDER_WAY) return 'waiting'
      const outboxIds = await db.transaction(async (tx) => {
        const photos = await tx.query<Pick<PhotoRow, 'photo_id' | 'owner_id' | 'status' | 'published_at'>>({
          text: NEXT,
          values: [userId, BATCH_PHOTOS],
        })
        if (photos.length === 0) return undefined
        const ids: string[] = []
        for (const { photo_id: photoId, ...photo } of photos)
          ids.push(...(await deleteForGood(tx, photoId, photo)))
        return ids
      })
      if (outboxIds === undefined) return under!.photos === 0 ? 'done' : 'waiting'
      await outbox.dispatch(outboxIds)
      return 'more'
    },
  }
}

const CHECKED_PHOTOS = 20

// Plan: photos_owner_id_idx, and a probe of photo_erasures_pkey and photo_distribution_pkey each. Until feeds are rid of a photo, its
// row says that they should be.
const ERASED = `
  SELECT p.photo_id FROM photos p JOIN photo_erasures e USING (photo_id)
  WHERE p.owner_id = $1 AND p.status = 'deleted' AND e.erased_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM photo_distribution d WHERE d.photo_id = p.photo_id AND d.distribution IS NULL OFFSET 0)
  ORDER BY p.photo_id LIMIT $2`
const DELETED = `SELECT FROM photos WHERE owner_id = $1 AND status = 'deleted' LIMIT 1`
const FORGET = `
  WITH known AS (
      SELECT photo_id, objects, edge_paths, search_documents FROM photo_erasures WHERE photo_id = ANY ($1::uuid[])),
    unmarked AS (DELETE FROM popularity_marks WHERE photo_id = ANY ($1::uuid[])),
    gone AS (DELETE FROM photos WHERE photo_id = ANY ($1::uuid[]) AND status = 'deleted' RETURNING photo_id)
  SELECT count(*)::int AS photos, coalesce(sum(k.objects), 0)::int AS objects,
    coalesce(sum(k.edge_paths), 0)::int AS edge_paths, coalesce(sum(k.search_documents), 0)::int AS search_documents
  FROM gone JOIN known k USING (photo_id)`

/**
 * Looks once more for objects of each erased photo, and forgets that there was one: the row that kept late writers out is of no use
 * without an account. What its receipt says goes into that of the account.
 */
export function forgetPhotos({
  db,
  objects,
}: {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<PhotoObjects, 'list' | 'deleteAll'>
}): ErasureStep {
  return {
    name: 'photo rows',
    async next(account) {
      const photos = await db.primary<{ photo_id: PhotoId }>({
        text: ERASED,
        values: [account.userId, CHECKED_PHOTOS],
      })
      if (photos.length === 0) {
        const left = await db.primary({ text: DELETED, values: [account.userId] })
        return left.length === 0 ? 'done' : 'waiting'
      }
      const photoIds = photos.map((row) => row.photo_id)
      for (const photoId of photoIds) {
        await removeElsewhere(db.primary, account, {
          store: 'bucket',
          what: 'objects',
          count: async () => (await objects.list(photoId)).length,
          remove: () => objects.deleteAll(photoId),
        })
      }
      await db.transaction(async ({ query }) => {
        const [gone] = await query<{
          photos: number
          objects: number
          edge_paths: number
          search_documents: number
        }>({ text: FORGET, values: [photoIds] })
        await countRemoved(
          query,
          account,
          { store: 'postgres', what: 'photos', removed: gone!.photos },
          { store: 'bucket', what: 'objects', removed: gone!.objects },
          { store: 'edges', what: 'cached images', removed: gone!.edge_paths },
          { store: 'opensearch', what: 'photo documents', removed: gone!.search_documents },
        )
      })
      return 'more'
    },
  }
}

/** Waits until every edge has proven that it refuses what was issued of the account and of its share links. */
export const awaitProofs = ({ db }: { db: Pick<Database, 'primary'> }): ErasureStep => ({
  name: 'edges',
  async next({ userId }) {
    // Plan: retractions_owner_idx.
    const owed = await db.primary({
      text: 'SELECT FROM retractions WHERE owner_id = $1 LIMIT 1',
      values: [userId],
    })
    return owed.length > 0 ? 'waiting' : 'done'
  },
})
