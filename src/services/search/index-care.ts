import { setTimeout as delay } from 'node:timers/promises'
import type { IndexInspection, IndexState } from '../../contracts/search-drift.ts'
import { NOTHING_FOUND, type ComparisonSlice } from '../../contracts/search-reindex.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { INDEX_VERSION } from '../../infra/opensearch/mapping.ts'
import { versionOf } from '../../infra/opensearch/versions.ts'
import { reportComparison, reportInspection } from '../../observability/search-events.ts'
import { compareStretch, SETTLE_MS } from './compare.ts'
import { refreshPopularity } from './refresh-popularity.ts'
import { countPublished, type ReindexerDeps } from './reindex.ts'

/** What the schedule does to the index. */
export interface IndexCare {
  inspect(): Promise<IndexInspection>
  compare(after: PhotoId | null, signal: AbortSignal): Promise<ComparisonSlice>
  /** Has documents follow the likes of their photos. @returns of how many */
  refreshPopularity(signal: AbortSignal): Promise<number>
}

/** How long the index before the last reindex is kept for a rollback. */
const KEPT_MS = 24 * 60 * 60 * 1000

/** Beyond so many missing documents, and a tenth of all, a new index is quicker than repairs; so it is if none is left. */
const MANY_MISSING = 1_000
const MUCH_MISSING = 0.1

/** What a run compares: a million photos in eight hours. */
const STRETCH = { maxPhotos: 10_000, maxMs: 10_000 }

/** @param settleMs what differs after this time is drift */
export function createIndexCare(deps: ReindexerDeps, settleMs = SETTLE_MS): IndexCare {
  const { builds, documentsOf } = deps

  async function stateOf(
    current: string | undefined,
    photos: number,
    documents: number,
  ): Promise<IndexState> {
    if (current === undefined) return 'lost'
    if (versionOf(current) < INDEX_VERSION && !(await builds.isHeldBack(current))) return 'outdated'
    const missing = photos - documents
    const isEmptied = missing > MANY_MISSING && missing > MUCH_MISSING * photos
    return isEmptied || (documents === 0 && photos > 0) ? 'emptied' : 'ready'
  }

  async function look(): Promise<IndexInspection> {
    const { current } = await builds.find()
    const photos = await countPublished(deps)
    const documents = current === undefined ? 0 : await documentsOf(current).count()
    const state = await stateOf(current, photos, documents)
    return { state, version: INDEX_VERSION, photos, documents }
  }

  return {
    async inspect() {
      await builds.discardOlder(KEPT_MS)
      let inspection = await look()
      if (inspection.state === 'emptied') {
        // The first photo of an installation has its document a second after it is published.
        await delay(settleMs)
        inspection = await look()
      }
      reportInspection(inspection)
      return inspection
    },

    async compare(after, signal) {
      const { current } = await builds.find()
      // Lost since it was inspected; the next run has it built anew.
      if (current === undefined) return { after, tally: NOTHING_FOUND, isAtEnd: false }
      const slice = await compareStretch(deps, documentsOf(current), { after, ...STRETCH, settleMs, signal })
      reportComparison(slice.tally)
      return slice
    },

    refreshPopularity: (signal) => refreshPopularity(deps, signal),
  }
}
