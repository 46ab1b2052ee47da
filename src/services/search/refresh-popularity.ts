import type { PopularityMarkRow } from '../../entities/index.ts'
import { bringInLine, type SearchIndexDeps } from './search-index.ts'

const BATCH = 500
/** In one run; the rest is the next one's. */
const MAX_PHOTOS = 10_000

/**
 * Writes the documents of photos anew whose likes have changed so far that their popularity may have (ADR 56). Repeating it is
 * harmless; what is marked meanwhile stays marked.
 * @returns how many photos were looked at
 * @throws DarkroomError `unavailable` when OpenSearch is down; the marks stay
 */
export async function refreshPopularity(deps: SearchIndexDeps, signal?: AbortSignal): Promise<number> {
  let refreshed = 0
  while (refreshed < MAX_PHOTOS) {
    signal?.throwIfAborted()
    // Plan: popularity_marks_pkey.
    const marked = await deps.primary<PopularityMarkRow>({
      text: 'SELECT mark_id, photo_id FROM popularity_marks ORDER BY mark_id LIMIT $1',
      values: [BATCH],
    })
    if (marked.length === 0) break
    const photoIds = [...new Set(marked.map((each) => each.photo_id))]
    await bringInLine(deps, photoIds, { overSame: true })
    // Those that were made meanwhile are others.
    await deps.primary({
      text: 'DELETE FROM popularity_marks WHERE mark_id = ANY ($1::bigint[])',
      values: [marked.map((each) => each.mark_id)],
    })
    refreshed += photoIds.length
  }
  return refreshed
}
