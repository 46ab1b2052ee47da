import type { PhotoId } from '../../domain/ids.ts'
import type { IndexInspection } from '../search-drift.ts'
import type { ComparisonSlice } from '../search-reindex.ts'

/** The steps of searchDrift on the queue `search`. */
export interface DriftActivities {
  /** Looks at the index as a whole, and deletes a former one that has been kept for a day. */
  inspectIndex: () => Promise<IndexInspection>
  /** Compares a stretch of photos with their documents, and repairs what differs. */
  compareDocuments: (input: { after: PhotoId | null }) => Promise<ComparisonSlice>
  /** Writes the documents of photos anew whose likes have changed much; returns how many. */
  refreshPopularity: () => Promise<number>
}
