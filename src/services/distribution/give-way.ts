import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'

const PAUSE_MS = 10
/** A change that still waits after this long is not waiting for batches. */
const PATIENCE_MS = 2_000

// A transaction that waits for a row holds a lock on its tuple meanwhile.
const IS_AWAITED = `
  SELECT FROM photos p JOIN pg_locks l
    ON l.locktype = 'tuple' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation = 'photos'::regclass AND format('(%s,%s)', l.page, l.tuple)::tid = p.ctid
  WHERE p.photo_id = $1`

/**
 * Waits while a change of the photo waits for its row, at most {@link PATIENCE_MS}. Share locks overtake a waiting
 * update, so that the overlapping batches of several shards would hold off a narrowing for as long as the push takes.
 */
export async function giveWayToChanges(primary: Query, photoId: PhotoId): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (performance.now() < deadline) {
    const waiting = await primary({ name: 'fanout-give-way', text: IS_AWAITED, values: [photoId] })
    if (waiting.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
