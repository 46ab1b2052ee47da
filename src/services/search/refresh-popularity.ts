import type { PopularityMarkRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
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
      text: 'SELECT photo_id, marks FROM popularity_marks ORDER BY photo_id LIMIT $1',
      values: [BATCH],
    })
    if (marked.length === 0) break
    await bringInLine(
      deps,
      marked.map((each) => each.photo_id),
      { overSame: true },
    )
    await forget(deps.primary, marked)
    refreshed += marked.length
  }
  return refreshed
}

/** Whoever holds a mark is making it again, so that it stays; waiting for several of them could go round in a circle. */
async function forget(primary: Query, marked: readonly PopularityMarkRow[]): Promise<void> {
  await primary({
    text: `DELETE FROM popularity_marks WHERE photo_id IN (
        SELECT m.photo_id FROM popularity_marks m
          JOIN unnest($1::uuid[], $2::integer[]) seen (photo_id, marks) USING (photo_id, marks)
        FOR UPDATE OF m SKIP LOCKED)`,
    values: [marked.map((each) => each.photo_id), marked.map((each) => each.marks)],
  })
}
