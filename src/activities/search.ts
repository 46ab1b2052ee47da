import type { SearchActivities } from '../contracts/activities/search.ts'
import type { SearchIndex } from '../services/search/search-index.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

export interface SearchActivitiesDeps {
  searchIndex: SearchIndex
}

/** The search step of photoUpload and photoSync: brings a photo's search document in line with its row. */
export function createSearchActivities({ searchIndex }: SearchActivitiesDeps): SearchActivities {
  return asActivities<SearchActivities>({
    indexPhoto: ({ photoId }) => searchIndex.indexPhoto(photoId),
    indexPhotosOf: ({ userId, after }) =>
      whileHeartbeating((signal) => searchIndex.indexPhotosOf(userId, after, signal)),
  })
}
