import type { UserId } from '../domain/ids.ts'

/**
 * Brings what is derived from an account's photos (edges, objects, search documents) in line with the account, after it went
 * private or public, was suspended or came back; and lets in whoever asked to follow an account that is open now.
 */
export const ACCOUNT_SYNC = 'accountSync'
export const accountSyncWorkflowId = (userId: UserId): string => `account-sync/${userId}`

export interface AccountSyncInput {
  userId: UserId
}

/** Signal: the row has changed. */
export const ACCOUNT_CHANGED = 'accountChanged'
/** Query: what was brought in line. */
export const ACCOUNT_SYNC_PROGRESS = 'accountSyncProgress'

export interface AccountSyncProgress {
  state: 'running' | 'done'
  /** The access epoch of the account that everything is in line with. */
  syncedEpoch: number
  /** Photos whose URLs were revoked. */
  withdrawn: number
  /** Search documents that were written or found to be in line. */
  indexed: number
  /** Follow requests that were approved, beside those that the change itself approved. */
  approved: number
}
