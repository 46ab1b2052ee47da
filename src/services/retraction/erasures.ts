import type { Sweep } from '../../contracts/housekeeping.ts'
import type { SyncProgress } from '../../contracts/photo-sync.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import { forgetAvatar } from './avatars.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

/** What a photo's row tells of a person, a place or the picture itself. The rest is what keeps late writers out. */
const PERSONAL = [
  'caption',
  'alt_text',
  'declared_sha256',
  'sha256',
  'thumbhash',
  'perceptual_hash',
  'likeness',
  'taken_at',
  'taken_at_offset',
  'camera',
  'latitude',
  'longitude',
  'failure_detail',
] as const satisfies (keyof PhotoRow)[]

const SCRUB = `
  UPDATE photos SET ${PERSONAL.map((column) => `${column} = NULL`).join(', ')}
  WHERE photo_id = $1 AND status = 'deleted' RETURNING photo_id`

// Plan: likes_pkey; comments_newest_idx, then comments_replies_idx. Replies go before what they reply to, and mentions with their
// comment. Comments that were deleted themselves are swept by housekeeping.
const LIKES = `
  DELETE FROM likes WHERE photo_id = $2 AND user_id IN (SELECT user_id FROM likes WHERE photo_id = $2 LIMIT $1)
  RETURNING 1`
const REPLIES = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT r.comment_id FROM comments c JOIN comments r ON r.parent_id = c.comment_id
    WHERE c.photo_id = $2 AND c.parent_id IS NULL AND c.deleted_at IS NULL LIMIT $1)
  RETURNING 1`
const COMMENTS = `
  DELETE FROM comments WHERE comment_id IN (
    SELECT comment_id FROM comments WHERE photo_id = $2 AND parent_id IS NULL AND deleted_at IS NULL LIMIT $1)
  RETURNING 1`

/**
 * Empties the row of a deleted photo, and deletes what others said of it; what is left tells only that there was a photo. It
 * may run twice, and does nothing to a photo that is not deleted.
 */
export async function scrubPhoto(primary: Query, photoId: PhotoId, signal?: AbortSignal): Promise<void> {
  const scrubbed = await primary({ text: SCRUB, values: [photoId] })
  if (scrubbed.length === 0) return
  await primary({ text: 'DELETE FROM photo_tags WHERE photo_id = $1', values: [photoId] })
  await primary({ text: 'DELETE FROM photo_metadata WHERE photo_id = $1', values: [photoId] })
  await primary({ text: 'DELETE FROM photo_embeddings WHERE photo_id = $1', values: [photoId] })
  await primary({ text: 'DELETE FROM dismissed_tags WHERE photo_id = $1', values: [photoId] })
  await primary({ text: 'UPDATE drop_box_items SET name = NULL WHERE photo_id = $1', values: [photoId] })
  for (const said of [LIKES, REPLIES, COMMENTS]) await deleteInBatches(primary, said, signal, [photoId])
  await primary({ text: 'DELETE FROM photo_counters WHERE photo_id = $1', values: [photoId] })
}

/** Completes the receipt of a deleted photo, once nothing of it is left in any store. The first one counts. */
export async function recordErasure(
  primary: Query,
  photoId: PhotoId,
  removed: SyncProgress['removed'],
): Promise<void> {
  // Avatars have no receipt of their own.
  await forgetAvatar(primary, photoId)
  await primary({
    text: `UPDATE photo_erasures SET erased_at = clock_timestamp(), objects = $2, edge_paths = $3, search_documents = $4
      WHERE photo_id = $1 AND erased_at IS NULL`,
    values: [photoId, removed.objects, removed.edgePaths, removed.searchDocuments],
  })
}

const OWED_AFTER_MINUTES = 10
const WAKE_BATCH = 2_000

/** Wakes the workflows of deleted photos whose receipt is owed for long: one may have been lost, or is of an earlier release. */
export function wakeOwedErasures(primary: Query, starts: Pick<WorkflowStarts, 'deliver'>): Sweep {
  return {
    name: 'erasures',
    summary: 'Wake erasures that are owed for long',
    async run(signal) {
      // Plan: photo_erasures_owed_idx.
      const rows = await primary<{ photo_id: PhotoId; owner_id: UserId }>({
        text: `SELECT photo_id, owner_id FROM photo_erasures
          WHERE erased_at IS NULL AND requested_at < now() - $1 * interval '1 minute' ORDER BY requested_at LIMIT $2`,
        values: [OWED_AFTER_MINUTES, WAKE_BATCH],
      })
      for (const { photo_id: photoId, owner_id: ownerId } of rows) {
        signal?.throwIfAborted()
        await starts.deliver({ kind: 'photoChanged', payload: { photoId, ownerId } })
      }
      return rows.length
    },
  }
}
