import type { OriginalRestoreInput, RestoreReadiness } from '../../contracts/original-restore.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { DOWNLOAD } from '../../domain/variants.ts'
import type { BlobRow, ColdOriginalRow, PhotoRow } from '../../entities/index.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { coldKey, restoredKey } from '../blobs/blob-keys.ts'
import { oweNotification } from '../delivery/notification-events.ts'
import { addToOutbox } from '../delivery/outbox.ts'
import type { ColdStores } from './cool-originals.ts'

/** Brings originals back for a while. Each step may run twice. */
export interface OriginalRestorer {
  /** Asks the cold storage for the original, and tells when it is expected. */
  prepare(photoId: PhotoId): Promise<RestoreReadiness>
  /**
   * Copies it into the hot storage, verifies the copy, makes it readable for its owner and owes them the news.
   * @param restoreId of this restore alone
   */
  finish(input: OriginalRestoreInput & { restoreId: string }): Promise<'restored' | 'gone'>
  /** Ends the time of originals that were restored. @returns how many photos */
  endRestores(): Promise<number>
}

const BATCH = 500

export function createOriginalRestorer(stores: ColdStores & { restoredDays: number }): OriginalRestorer {
  const { db, objects, archive, restoredDays } = stores
  return {
    async prepare(photoId) {
      const wish = await findWish(db.primary, photoId)
      if (!wish) return { state: 'gone' }
      const expectedAt = new Date(wish.requested_at!.getTime() + archive.restoreMs)
      await db.primary({
        text: `UPDATE cold_originals SET expected_at = $2 WHERE photo_id = $1 AND state = 'restoring'`,
        values: [photoId, expectedAt],
      })
      // Others may have kept it hot, or had it restored. It takes its time all the same, which else would tell of them.
      const isReadable =
        wish.tier === 'hot' || wish.restored_key !== null
          ? Date.now() >= expectedAt.getTime()
          : (await archive.restore(coldKey(wish.blob_id))) === 'readable'
      return isReadable ? { state: 'readable' } : { state: 'waiting', expectedAt: expectedAt.toISOString() }
    },

    async finish({ photoId, ownerId, restoreId }) {
      const wish = await findWish(db.primary, photoId)
      if (!wish) return (await isRestored(db.primary, photoId)) ? 'restored' : 'gone'
      const key = restoredKey(wish.blob_id, restoreId)
      const isCopied = wish.tier === 'cold' && wish.restored_key === null
      if (isCopied) {
        const contents = { bytes: Number(wish.bytes), sha256: wish.sha256.toString('hex') }
        await objects.putStream(key, await archive.read(coldKey(wish.blob_id)), contents)
      }
      const outcome = await db.transaction((tx) =>
        record(tx, {
          photoId,
          ownerId,
          restoreId,
          blobId: wish.blob_id,
          key: isCopied ? key : null,
          restoredDays,
        }),
      )
      if (outcome.useless) await objects.delete([key])
      return outcome.state
    },

    async endRestores() {
      let ended = 0
      for (let batch = BATCH; batch === BATCH;) {
        batch = await endSome(stores)
        ended += batch
      }
      return ended
    },
  }
}

type Wish = Pick<BlobRow, 'blob_id' | 'sha256' | 'bytes' | 'tier' | 'restored_key'> &
  Pick<ColdOriginalRow, 'requested_at'>

async function findWish(query: Query, photoId: PhotoId): Promise<Wish | undefined> {
  const [row] = await query<Wish>({
    text: `SELECT b.blob_id, b.sha256, b.bytes, b.tier, b.restored_key, c.requested_at
      FROM cold_originals c JOIN photos p USING (photo_id) JOIN blobs b USING (blob_id)
      WHERE c.photo_id = $1 AND c.state = 'restoring'`,
    values: [photoId],
  })
  return row
}

async function isRestored(query: Query, photoId: PhotoId): Promise<boolean> {
  const rows = await query({
    text: `SELECT FROM cold_originals WHERE photo_id = $1 AND state = 'hot'`,
    values: [photoId],
  })
  return rows.length > 0
}

interface Restored extends OriginalRestoreInput {
  restoreId: string
  blobId: string
  /** Where it was copied to; null if it was there. */
  key: string | null
  restoredDays: number
}

/** Photos before blobs, as everywhere. */
async function record(
  tx: Transaction,
  { photoId, ownerId, restoreId, blobId, key, restoredDays }: Restored,
): Promise<{ state: 'restored' | 'gone'; useless: boolean }> {
  const { query } = tx
  const gone = { state: 'gone', useless: key !== null } as const
  const [photo] = await query<Pick<PhotoRow, 'blob_id' | 'allow_download'>>({
    text: 'SELECT blob_id, allow_download FROM photos WHERE photo_id = $1 FOR NO KEY UPDATE',
    values: [photoId],
  })
  if (photo?.blob_id !== blobId) return gone
  const [blob] = await query<Pick<BlobRow, 'tier' | 'restored_key'>>({
    text: `SELECT tier, restored_key FROM blobs WHERE blob_id = $1 AND state <> 'condemned' FOR UPDATE`,
    values: [blobId],
  })
  if (!blob) return gone
  // Its time may have ended since it was looked at.
  if (key === null && blob.tier === 'cold' && blob.restored_key === null)
    throw new Error('the copy that was there is gone: try again')
  if (blob.tier === 'cold')
    await query({
      text: `UPDATE blobs SET restored_key = coalesce(restored_key, $2),
          restored_until = greatest(restored_until, now() + $3 * interval '1 day') WHERE blob_id = $1`,
      values: [blobId, key, restoredDays],
    })
  await query({
    text: `UPDATE cold_originals SET state = 'hot', hot_until = now() + $2 * interval '1 day' WHERE photo_id = $1`,
    values: [photoId, restoredDays],
  })
  // Allowed while the original could not be read: photoSync makes the copy now.
  if (photo.allow_download && !(await hasDownload(query, photoId)))
    await addToOutbox(tx, { kind: 'photoChanged', payload: { photoId, ownerId } })
  await oweNotification(tx, {
    recipientId: ownerId,
    kind: 'original_restored',
    actorId: null,
    photoId,
    itemId: restoreId,
  })
  return {
    state: 'restored',
    useless: key !== null && blob.restored_key !== null && blob.restored_key !== key,
  }
}

async function hasDownload(query: Query, photoId: PhotoId): Promise<boolean> {
  const rows = await query({
    text: 'SELECT FROM photo_variants WHERE photo_id = $1 AND variant = $2',
    values: [photoId, DOWNLOAD],
  })
  return rows.length > 0
}

/** The copies go after their rows have forgotten them; a sweep deletes what is left of one that died between. */
async function endSome({ db, objects }: ColdStores): Promise<number> {
  // Plan: cold_originals_hot_idx.
  const photos = await db.primary({
    text: `UPDATE cold_originals SET state = 'cold', hot_until = NULL, requested_at = NULL, expected_at = NULL
      WHERE photo_id = ANY (ARRAY(
        SELECT photo_id FROM cold_originals WHERE state = 'hot' AND hot_until < now() ORDER BY hot_until LIMIT ${BATCH}
        FOR UPDATE SKIP LOCKED))
      RETURNING 1`,
  })
  // Plan: blobs_restored_idx.
  const copies = await db.primary<{ restored_key: string }>({
    text: `WITH due AS (
        SELECT blob_id, restored_key FROM blobs WHERE restored_until < now() ORDER BY restored_until LIMIT ${BATCH}
        FOR UPDATE SKIP LOCKED),
      forgotten AS (
        UPDATE blobs b SET restored_key = NULL, restored_until = NULL FROM due WHERE b.blob_id = due.blob_id)
      SELECT restored_key FROM due`,
  })
  if (copies.length > 0) await objects.delete(copies.map((copy) => copy.restored_key))
  return Math.max(photos.length, copies.length)
}
