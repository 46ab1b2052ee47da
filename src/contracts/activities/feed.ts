/** The steps of feedCollection. Each resolves with how many users or rows it processed. */
export interface FeedSweepActivities {
  unenrolInactive: () => Promise<number>
  collectFeedRows: () => Promise<number>
}
