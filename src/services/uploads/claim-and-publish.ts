import type { ClaimOutcome, PublishOutcome } from '../../contracts/activities/uploads.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { belongsInFeeds, isValidated, type PhotoStatus, type Visibility } from '../../domain/visibility.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { releaseOriginal } from '../blobs/release-original.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { oweNotification } from '../delivery/notification-events.ts'
import { markInFlight } from '../distribution/in-flight-marks.ts'
import { writeTags } from '../photos/tags.ts'
import { closeIncoming } from '../photos/incoming.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { variantKeysOf } from '../photos/variant-objects.ts'

export interface UploadsDeps {
  db: Database
  objects: ObjectStore
  /** A blob that is let go may have a copy there. */
  archive?: Archive | undefined
  /** From this many followers on, readers merge an author's photos until their push is complete. */
  fanoutShardThreshold: number
  /** What moderation has said of photos before they are published; by default nothing. */
  verdicts?: Verdicts
}

/** Does what was said of a photo, inside the transaction that publishes it, so that nobody sees it before. */
export interface Verdicts {
  /** @returns the outbox messages to dispatch after the commit */
  enforce: (tx: Transaction, photoId: PhotoId) => Promise<string[]>
  dispatch: Outbox['dispatch']
}

/** The steps of an upload that touch rows and keys, not pixels. Each may run twice. */
export interface Uploads {
  /** If the object exists, moves the photo from `awaiting_upload` to `processing`. */
  claim(photoId: PhotoId): Promise<ClaimOutcome>
  /** Closes the upload because the original did not arrive in time. */
  abandon(photoId: PhotoId): Promise<void>
  /**
   * Closes the upload because the original is invalid or an operator cancelled it; not if published.
   * @returns the status of the photo now; null if it does not exist
   */
  fail(photoId: PhotoId, code: string, detail: string): Promise<{ status: PhotoStatus | null }>
  /** Makes a validated photo visible, or offers it to its owner if a guest put it into their drop box. */
  publish(photoId: PhotoId): Promise<PublishOutcome>
  /** Removes objects that the steps of an upload may have stored after its photo was deleted. */
  discard(photoId: PhotoId): Promise<void>
}

export function createUploads(deps: UploadsDeps): Uploads {
  const { db, objects, archive, fanoutShardThreshold, verdicts } = deps
  const store = { primary: db.primary, objects }
  return {
    async claim(photoId) {
      if (!(await objects.head(incomingKey(photoId)))) return { outcome: 'absent' }
      const [claimed] = await db.primary({
        text: `UPDATE photos SET status = 'processing', version = version + 1
          WHERE photo_id = $1 AND status = 'awaiting_upload' RETURNING photo_id`,
        values: [photoId],
      })
      if (claimed) return { outcome: 'claimed' }
      // A photo has at most one open upload workflow, so an earlier try of this one claimed the row.
      const status = await statusOf(db, photoId)
      if (status === 'processing') return { outcome: 'claimed' }
      return { outcome: 'closed', ...(status ? { status } : {}) }
    },

    async abandon(photoId) {
      await close(db, photoId, ['awaiting_upload'], 'upload_expired', 'No original arrived in time.')
      await closeIncoming(store, photoId)
    },

    async fail(photoId, code, detail) {
      await close(db, photoId, ['awaiting_upload', 'processing'], code, detail)
      const status = (await statusOf(db, photoId)) ?? null
      if (status === 'failed') {
        await closeIncoming(store, photoId)
        await releaseOriginal({ db, objects, archive }, photoId)
      }
      return { status }
    },

    async publish(photoId) {
      const { published, outboxIds } = await db.transaction(async (tx) => {
        const outcome = await publish(tx, photoId, fanoutShardThreshold)
        if (outcome.outcome === 'gone') return { published: outcome, outboxIds: [] }
        return { published: outcome, outboxIds: (await verdicts?.enforce(tx, photoId)) ?? [] }
      })
      await verdicts?.dispatch(outboxIds)
      // The validated original lies elsewhere. What is left if the storage is away, the sweep of `incoming/` removes.
      if (published.outcome === 'published') await closeIncoming(store, photoId).catch(() => undefined)
      return published
    },

    async discard(photoId) {
      if ((await statusOf(db, photoId)) !== 'deleted') return
      await db.primary({
        text: `DELETE FROM photo_variants WHERE photo_id = $1`,
        values: [photoId],
      })
      await closeIncoming(store, photoId)
      await releaseOriginal({ db, objects, archive }, photoId)
      await objects.delete(await variantKeysOf(objects, photoId))
    },
  }
}

async function publish(
  tx: Transaction,
  photoId: PhotoId,
  fanoutShardThreshold: number,
): Promise<PublishOutcome> {
  const [photo] = await tx.query<
    Pick<PhotoRow, 'status' | 'owner_id' | 'version' | 'visibility' | 'caption' | 'sha256'>
  >({
    text: `SELECT status, owner_id::text, version, visibility, caption, sha256 FROM photos WHERE photo_id = $1 FOR UPDATE`,
    values: [photoId],
  })
  if (photo && isValidated(photo.status)) return { outcome: 'published', version: photo.version }
  if (photo?.status !== 'processing' || !photo.sha256) return { outcome: 'gone' }

  await writeTags(tx, photoId, photo.caption)
  const [offered] = await tx.query<{ album_id: AlbumId | null }>({
    text: 'SELECT album_id FROM drop_box_items WHERE photo_id = $1',
    values: [photoId],
  })
  if (offered?.album_id) {
    const news = { kind: 'drop_box', actorId: null, albumId: offered.album_id, itemId: photoId } as const
    await oweNotification(tx, { recipientId: photo.owner_id, ...news })
  }
  const { version } = offered
    ? await validated(tx, photoId, 'offered')
    : await makeReady(
        tx,
        { photoId, ownerId: photo.owner_id, visibility: photo.visibility },
        fanoutShardThreshold,
      )
  return { outcome: 'published', version }
}

/** Publishes a photo whose original is valid, and which the transaction has locked. */
export async function makeReady(
  tx: Transaction,
  { photoId, ownerId, visibility }: { photoId: PhotoId; ownerId: UserId; visibility: Visibility },
  fanoutShardThreshold: number,
): Promise<{ version: number; score: string }> {
  const published = await validated(tx, photoId, 'ready')
  if (belongsInFeeds({ status: 'ready', visibility })) {
    await markInFlight(tx, { photoId, ownerId, score: Number(published.score) }, fanoutShardThreshold)
  }
  return published
}

/** The score comes from the primary's clock, after the row's lock was won, and equals published_at to the millisecond. */
async function validated(
  tx: Transaction,
  photoId: PhotoId,
  status: 'ready' | 'offered',
): Promise<{ version: number; score: string }> {
  const [row] = await tx.query<{ version: number; score: string }>({
    text: `
      UPDATE photos SET status = $2, version = version + 1, published_at = clock.at,
        score = (extract(epoch FROM clock.at) * 1000)::bigint
      FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) clock
      WHERE photo_id = $1 RETURNING version, score`,
    values: [photoId, status],
  })
  return row!
}

async function close(
  db: Database,
  photoId: PhotoId,
  from: readonly PhotoStatus[],
  code: string,
  detail: string,
): Promise<void> {
  await db.primary({
    text: `
      UPDATE photos SET status = 'failed', failure_code = $3, failure_detail = left($4, ${MAX_CHARACTERS.failureDetail}), version = version + 1
      WHERE photo_id = $1 AND status = ANY ($2)`,
    values: [photoId, from, code, detail],
  })
}

async function statusOf(db: Database, photoId: PhotoId): Promise<PhotoStatus | undefined> {
  const [row] = await db.primary<{ status: PhotoStatus }>({
    text: 'SELECT status FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row?.status
}
