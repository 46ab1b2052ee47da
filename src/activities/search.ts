import type { SearchActivities } from '../contracts/activities/search.ts'
import type { SearchIndex } from '../services/search/search-index.ts'
import { withFailures } from './failures.ts'

export interface SearchActivitiesDeps {
  searchIndex: SearchIndex
}

/** Brings what search knows of a photo in line with its row. */
export function createSearchActivities({ searchIndex }: SearchActivitiesDeps): SearchActivities {
  return withFailures<SearchActivities>({
    indexPhoto: ({ photoId }) => searchIndex.indexPhoto(photoId),
  })
}
