import type { ComparisonSlice, CopyInput, CopySlice, StretchInput } from '../search-reindex.ts'

/** The steps of searchReindex on the queue `search`. */
export interface ReindexActivities {
  /** Creates the index of a build and counts the photos. May be repeated. */
  beginBuild: (input: { build: string; version: number }) => Promise<{ index: string; photos: number }>
  /** Writes the documents of a stretch of photos within some seconds. */
  copyDocuments: (input: CopyInput) => Promise<CopySlice>
  /** Compares a stretch of photos with their documents within some seconds, and writes again what is out of line. */
  compareBuild: (input: StretchInput) => Promise<ComparisonSlice>
  swapIndexes: (input: { index: string }) => Promise<void>
  abandonBuild: () => Promise<void>
}
