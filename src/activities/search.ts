import type { PhotoId } from '../domain/ids.ts'
import type { SearchIndex } from '../services/search/search-index.ts'
import { withFailures } from './failures.ts'

export interface SearchActivitiesDeps {
  searchIndex: SearchIndex
}

/** Brings what search knows of a photo in line with its row. */
export function createSearchActivities({ searchIndex }: SearchActivitiesDeps) {
  return withFailures({
    indexPhoto: ({ photoId }: { photoId: PhotoId }) => searchIndex.indexPhoto(photoId),
  })
}

export type SearchActivities = ReturnType<typeof createSearchActivities>
