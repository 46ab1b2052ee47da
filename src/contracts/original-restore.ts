import type { PhotoId, UserId } from '../domain/ids.ts'

/** Brings the original of one photo back from the cold storage, for a while, and tells its owner. */
export const ORIGINAL_RESTORE = 'originalRestore'
export const originalRestoreWorkflowId = (photoId: PhotoId): string => `restore/${photoId}`

export interface OriginalRestoreInput {
  photoId: PhotoId
  ownerId: UserId
}

/** Signal: the owner has asked, perhaps again after an earlier restore. */
export const RESTORE_REQUESTED = 'restoreRequested'
/** Query: how far it has come. */
export const RESTORE_PROGRESS = 'restoreProgress'

export interface RestoreProgress {
  /** `gone`: the photo, or the wish, is no longer there. */
  state: 'waiting' | 'copying' | 'restored' | 'gone'
  /** ISO 8601: when it is expected to be done. */
  expectedAt?: string | undefined
}

/** What the storage says to a restore. */
export type RestoreReadiness =
  { state: 'gone' } | { state: 'readable' } | { state: 'waiting'; expectedAt: string }
