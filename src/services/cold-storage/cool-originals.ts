import {
  addCooled,
  NOTHING_COOLED,
  type ColdStoragePosition,
  type ColdStorageSlice,
  type ColdStorageSliceInput,
  type ColdStorageTally,
} from '../../contracts/cold-storage.ts'
import type { BlobRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { ContentsDifferError, ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { originalCooled } from '../../observability/cold-storage-events.ts'
import { coldKey } from '../blobs/blob-keys.ts'
import { condemnUnlessReferred, deleteCondemned } from '../blobs/release-original.ts'
import { recordRun } from './runs.ts'

export interface ColdStores {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<ObjectStore, 'read' | 'delete' | 'putStream'>
  archive: Archive
}

/** What a gigabyte costs a month in each tier, in a currency of the operator's choice. */
export interface StoragePrices {
  hot: number
  cold: number
}

interface SliceOptions {
  /** No original is begun after this time. */
  maxMs: number
  onReached: (reached: ColdStorageSlice) => void
  signal: AbortSignal
}

export type CoolOriginals = (input: ColdStorageSliceInput, options: SliceOptions) => Promise<ColdStorageSlice>

const IDS = 100
const BYTES_PER_GB = 1e9
/** Photos that may change over to the same bytes, cold already, in one transaction; with more the bytes are copied. */
const MAX_JOINING_PHOTOS = 500

/** Moves originals whose photos are all old, in the order of their age. Repeating a slice moves nothing twice. */
export function createCoolOriginals(stores: ColdStores & { prices: StoragePrices }): CoolOriginals {
  const { db, prices } = stores
  const saved = (bytes: number) => (bytes / BYTES_PER_GB) * (prices.hot - prices.cold)
  return async ({ before, after }, { maxMs, onReached, signal }) => {
    const endsAt = performance.now() + maxMs
    let reached: ColdStorageSlice = { after, tally: NOTHING_COOLED, isAtEnd: false }
    for (;;) {
      const rows = await hotBlobs(db.primary, before, reached.after)
      for (const { blob_id: blobId, created_at: createdAt, bytes } of rows) {
        signal.throwIfAborted()
        if (performance.now() > endsAt) return reached
        const outcome = await coolBlob(stores, blobId, before)
        report(outcome, Number(bytes))
        const done = tallyOf(outcome, blobId, Number(bytes), saved)
        const tally = addCooled(reached.tally, done)
        reached = { after: { createdAt, blobId }, tally, isAtEnd: false }
        onReached(reached)
      }
      if (rows.length < IDS) {
        await recordRun(db.primary)
        return { ...reached, isAtEnd: true }
      }
    }
  }
}

type Outcome = 'moved' | 'joined' | 'held' | 'gone' | { failed: string }

function report(outcome: Outcome, bytes: number): void {
  if (typeof outcome === 'object') originalCooled('failed')
  else if (outcome === 'moved' || outcome === 'joined') originalCooled(outcome, bytes)
}

function tallyOf(
  outcome: Outcome,
  blobId: string,
  bytes: number,
  saved: (bytes: number) => number,
): ColdStorageTally {
  const seen = { ...NOTHING_COOLED, seen: 1 }
  if (typeof outcome === 'object')
    return { ...seen, failed: 1, failures: [{ blobId, reason: outcome.failed }] }
  if (outcome === 'moved') return { ...seen, moved: 1, movedBytes: bytes, savedPerMonth: saved(bytes) }
  // Its bytes cost nothing any more, as those that it joined are paid for.
  if (outcome === 'joined') return { ...seen, joined: 1, joinedBytes: bytes, savedPerMonth: saved(bytes) }
  return { ...seen, held: outcome === 'held' ? 1 : 0 }
}

/** Plan: blobs_hot_idx from the position on. The time is text, as a Date would drop its fraction of a millisecond. */
function hotBlobs(query: Query, before: string, after: ColdStoragePosition | undefined) {
  return query<Pick<BlobRow, 'blob_id' | 'bytes'> & { created_at: string }>({
    text: `SELECT blob_id, bytes, to_json(created_at)#>>'{}' AS created_at FROM blobs
      WHERE tier = 'hot' AND state <> 'condemned' AND created_at < $1::timestamptz
        AND ($2::timestamptz IS NULL OR (created_at, blob_id) > ($2, $3::uuid))
      ORDER BY created_at, blob_id LIMIT $4`,
    values: [before, after?.createdAt ?? null, after?.blobId ?? null, IDS],
  })
}

/**
 * Copies an original into the cold storage, verifies the copy, switches the row, and deletes the hot object, in this order: at
 * every moment the row names an object with all its bytes. May end at any step, and be repeated. What is left by one that ended
 * is overwritten by the next try, or deleted with the blob, or by the sweep of stored objects.
 */
async function coolBlob(stores: ColdStores, blobId: string, before: string): Promise<Outcome> {
  const { db, objects, archive } = stores
  await markPhotos(db.primary, blobId, before)
  const blob = await findMovable(db.primary, blobId, before)
  if (!blob) return (await isHot(db.primary, blobId)) ? 'held' : 'gone'
  if (await joinCold(stores, blobId, blob)) return 'joined'
  await noteCopy(db.primary, blobId, true)
  const key = coldKey(blobId)
  const contents = { bytes: Number(blob.bytes), sha256: blob.sha256.toString('hex') }
  try {
    await archive.store(key, await objects.read(blob.object_key), contents)
  } catch (error) {
    if (error instanceof ContentsDifferError) return { failed: 'its bytes have changed' }
    // Deleted meanwhile, or lost.
    if (error instanceof ObjectMissingError)
      return (await isHot(db.primary, blobId)) ? { failed: 'it is not there' } : 'gone'
    throw error
  }
  if (!(await archive.verify(key, contents))) return { failed: 'its copy differs' }
  const outcome = await db.transaction(({ query }) => switchToCold(query, blobId, before))
  if (outcome === 'moved') await objects.delete([blob.object_key])
  if (outcome === 'held') {
    await archive.delete([key])
    await noteCopy(db.primary, blobId, false)
  }
  // One that was condemned meanwhile is deleted with its copy.
  return outcome
}

/** Makes the photos that are old cold for their owners, whatever becomes of the blob that they may share with younger ones. */
async function markPhotos(query: Query, blobId: string, before: string): Promise<void> {
  // Plan: photos_blob_idx.
  await query({
    text: `INSERT INTO cold_originals (photo_id)
      SELECT photo_id FROM photos WHERE blob_id = $1 AND created_at < $2::timestamptz ORDER BY photo_id
      ON CONFLICT DO NOTHING`,
    values: [blobId, before],
  })
}

async function findMovable(query: Query, blobId: string, before: string) {
  const [row] = await query<Pick<BlobRow, 'sha256' | 'bytes' | 'object_key'>>({
    text: `SELECT sha256, bytes, object_key FROM blobs b
      WHERE blob_id = $1 AND tier = 'hot' AND state <> 'condemned' AND NOT ${hasYounger('b', '$2')}`,
    values: [blobId, before],
  })
  return row
}

/** Notes that there may be a copy in the cold storage, which then is deleted with the blob. */
async function noteCopy(query: Query, blobId: string, mayExist: boolean): Promise<void> {
  await query({
    text: `UPDATE blobs SET cooling_at = CASE WHEN $2 THEN now() END WHERE blob_id = $1`,
    values: [blobId, mayExist],
  })
}

/** Plan: photos_blob_idx. */
const hasYounger = (blob: string, before: string): string =>
  `EXISTS (SELECT FROM photos y WHERE y.blob_id = ${blob}.blob_id AND y.created_at >= ${before}::timestamptz)`

async function isHot(query: Query, blobId: string): Promise<boolean> {
  const rows = await query({
    text: `SELECT FROM blobs WHERE blob_id = $1 AND tier = 'hot' AND state <> 'condemned'`,
    values: [blobId],
  })
  return rows.length > 0
}

/** The lock keeps uploads from joining it: whoever came first is seen, and whoever comes later finds no live blob. */
async function switchToCold(
  query: Query,
  blobId: string,
  before: string,
): Promise<'moved' | 'held' | 'gone'> {
  const [blob] = await query<Pick<BlobRow, 'state' | 'tier'>>({
    text: 'SELECT state, tier FROM blobs WHERE blob_id = $1 FOR UPDATE',
    values: [blobId],
  })
  if (!blob || blob.state === 'condemned' || blob.tier === 'cold') return 'gone'
  const rows = await query({
    text: `UPDATE blobs b SET tier = 'cold', state = 'separate', object_key = $3, cooling_at = NULL
      WHERE blob_id = $1 AND NOT ${hasYounger('b', '$2')} RETURNING 1`,
    values: [blobId, before, coldKey(blobId)],
  })
  return rows.length > 0 ? 'moved' : 'held'
}

/**
 * Has the photos of a blob refer to another one with the same bytes that is cold already, and condemns theirs.
 * @returns false if there is none, or too many photos would change
 */
async function joinCold(
  stores: ColdStores,
  blobId: string,
  { sha256, bytes }: Pick<BlobRow, 'sha256' | 'bytes'>,
): Promise<boolean> {
  const joined = await stores.db.transaction(async ({ query }) => {
    // Plan: blobs_cold_idx.
    const [same] = await query<Pick<BlobRow, 'blob_id'>>({
      text: `SELECT blob_id FROM blobs WHERE sha256 = $1 AND bytes = $2 AND tier = 'cold' AND state <> 'condemned'
        ORDER BY blob_id LIMIT 1`,
      values: [sha256, bytes],
    })
    if (!same) return false
    // Photos before blobs, as everywhere.
    const photos = await query<{ photo_id: string }>({
      text: 'SELECT photo_id FROM photos WHERE blob_id = $1 ORDER BY photo_id LIMIT $2 FOR NO KEY UPDATE',
      values: [blobId, MAX_JOINING_PHOTOS],
    })
    if (photos.length === MAX_JOINING_PHOTOS) return false
    const locked = await query<Pick<BlobRow, 'blob_id'>>({
      text: `SELECT blob_id FROM blobs WHERE blob_id = ANY ($1::uuid[]) AND state <> 'condemned' ORDER BY blob_id FOR UPDATE`,
      values: [[blobId, same.blob_id]],
    })
    if (locked.length < 2) return false
    await query({
      text: 'UPDATE photos SET blob_id = $2 WHERE photo_id = ANY ($1::uuid[])',
      values: [photos.map((photo) => photo.photo_id), same.blob_id],
    })
    // One that was joined since the photos were read stays.
    return (await condemnUnlessReferred(query, [blobId])) > 0
  })
  if (joined) await deleteCondemned(stores, [blobId])
  return joined
}
