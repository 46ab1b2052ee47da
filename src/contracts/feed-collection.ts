/** Un-enrols who no longer reads and deletes rows of feeds that no longer belong; started each hour by a Temporal Schedule. */
export const FEED_COLLECTION = 'feedCollection'
export const FEED_COLLECTION_SCHEDULE_ID = 'feed-collection'

export interface FeedCollectionResult {
  unenrolled: number
  rowsDeleted: number
}
