import type { PhotoId } from '../domain/ids.ts'
import type { IndexOutcome, SearchIndex } from '../services/search/search-index.ts'

export interface SearchActivities {
  /** Brings the photo's search document in line with its row. */
  indexPhoto(input: { photoId: PhotoId }): Promise<IndexOutcome>
}

export function createSearchActivities(deps: { searchIndex: SearchIndex }): SearchActivities {
  return {
    indexPhoto: ({ photoId }) => deps.searchIndex.indexPhoto(photoId),
  }
}
