import type { UserId } from '../domain/ids.ts'

/** Has every edge refuse the signed URLs of an account's photos that were issued before it turned a follower away. */
export const AUDIENCE_SYNC = 'audienceSync'
export const audienceSyncWorkflowId = (userId: UserId): string => `audience-sync/${userId}`

export interface AudienceSyncInput {
  userId: UserId
}

/** Signal: the account has turned a follower away. */
export const AUDIENCE_NARROWED = 'audienceNarrowed'
/** Query: what is refused. */
export const AUDIENCE_SYNC_PROGRESS = 'audienceSyncProgress'

export interface AudienceSyncProgress {
  state: 'running' | 'done'
  /** Every edge refuses signed URLs of the account with a lower epoch; 0 before the first. */
  provenEpoch: number
}
