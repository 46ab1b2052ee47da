import type { PhotoId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { changeSlotCounters, type CounterTable } from '../../infra/db/slot-counters.ts'

/** By how much a photo's counts change. */
export interface PhotoCounterChange {
  photoId: PhotoId
  likes?: number
  comments?: number
}

const PHOTO_COUNTERS = {
  table: 'photo_counters',
  key: 'photo_id',
  keyType: 'uuid',
  columns: ['likes', 'comments'],
} as const satisfies CounterTable<string>

/**
 * Changes photos' counts within the transaction that changes what they count. It leaves the photo's row and its `version`
 * alone: a like is no edit, moves no ETag that `If-Match` compares, and starts no push.
 */
export async function changePhotoCounters(
  tx: Transaction,
  changes: readonly PhotoCounterChange[],
): Promise<void> {
  await changeSlotCounters(
    tx,
    PHOTO_COUNTERS,
    changes.map(({ photoId, ...amounts }) => ({ key: photoId, ...amounts })),
  )
}
