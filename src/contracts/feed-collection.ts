/** Un-enrols users who no longer read and deletes outdated feed rows; scheduled every hour. */
export const FEED_COLLECTION = 'feedCollection'
export const FEED_COLLECTION_SCHEDULE_ID = 'feed-collection'

export interface FeedCollectionResult {
  unenrolled: number
  rowsDeleted: number
}
