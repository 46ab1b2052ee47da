import type { PhotoId } from '../domain/ids.ts'
import type { Findings } from './search-reindex.ts'

/**
 * Looks after the search index (docs/search.md): has it built anew if it is lost, emptied or of an earlier version; else compares the next stretch
 * of photos with their documents, and repairs what differs; has popularity follow the likes. Scheduled every five minutes.
 */
export const SEARCH_DRIFT = 'searchDrift'
export const SEARCH_DRIFT_SCHEDULE_ID = 'search-drift'

/**
 * `outdated`: of an earlier version than this release's. `lost`: there is no index. `emptied`: it lacks so many documents that repairing them
 * one by one would take too long.
 */
export type IndexState = 'ready' | 'outdated' | 'lost' | 'emptied'

export interface IndexInspection {
  state: IndexState
  /** INDEX_VERSION of the worker's release. */
  version: number
  /** Published photos, and documents in the index that is searched. */
  photos: number
  documents: number
}

export interface SearchDriftResult {
  state: IndexState
  /** Whether it started a reindex. */
  startedReindex: boolean
  /** The last photo that was compared, from which the next run goes on; null at the end. */
  after: PhotoId | null
  found: Findings
  /** Photos whose documents were written anew to follow their likes; undefined of runs before there was that. */
  popularity?: number
}
