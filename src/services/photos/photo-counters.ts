import type { PhotoId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { changeSlotCounters, type CounterTable } from '../../infra/db/slot-counters.ts'

/** The changes to a photo's counts. */
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
 * Changes photos' counts within the transaction that changes what they count. A like is not
 * an edit, so the photo's row and `version` stay: `If-Match` still matches, and no push starts.
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
