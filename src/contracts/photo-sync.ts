import type { PhotoId, UserId } from '../domain/ids.ts'

/**
 * Brings what is derived from a published photo (search document, edges, objects, feeds) in line with its row after an
 * edit, a change of visibility or a deletion.
 */
export const PHOTO_SYNC = 'photoSync'
export const photoSyncWorkflowId = (photoId: PhotoId): string => `sync/${photoId}`

export interface PhotoSyncInput {
  photoId: PhotoId
  ownerId: UserId
}

/** Signal: the row has changed. */
export const PHOTO_CHANGED = 'photoChanged'
/** Query: how far the sync has come. */
export const SYNC_PROGRESS = 'syncProgress'

export interface SyncProgress {
  state: 'running' | 'done'
  /** The version of the row that everything derived from it is in line with; −1 at first. */
  syncedVersion: number
  /** What a retraction removed from each store. */
  removed: { objects: number; edgePaths: number; searchDocuments: number }
}
