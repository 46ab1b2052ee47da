import type { PhotoId, UserId } from '../../domain/ids.ts'

/** A stored variant whose key still carries an access epoch that a narrowing has left behind. */
export interface StaleVariant {
  variant: string
  format: string
  objectKey: string
}

/** What the row asks for. */
export type SyncPlan =
  | { state: 'published'; version: number; accessEpoch: number; stale: StaleVariant[] }
  /** `wasPublished`: edges, search and feeds may hold something of it. */
  | { state: 'deleted'; version: number; accessEpoch: number; wasPublished: boolean }
  /** Not published (yet): nothing is derived from it. Absent rows have version 0. */
  | { state: 'unpublished'; version: number }

/**
 * `superseded`: the photo was narrowed again or deleted meanwhile; nothing was switched now.
 * `removed`: the deleted keys; their URLs must be refused.
 */
export interface MoveOutcome {
  outcome: 'moved' | 'superseded'
  removed: string[]
}

/** The steps of photoSync. */
export interface SyncActivities {
  planSync: (input: { photoId: PhotoId }) => Promise<SyncPlan>
  stopUpload: (input: { photoId: PhotoId }) => Promise<boolean>
  denyAtEdges: (input: { photoId: PhotoId; minEpoch: number }) => Promise<void>
  moveVariants: (input: {
    photoId: PhotoId
    accessEpoch: number
    stale: StaleVariant[]
  }) => Promise<MoveOutcome>
  listObjects: (input: { photoId: PhotoId }) => Promise<string[]>
  deleteObjects: (input: { photoId: PhotoId; keys: string[] }) => Promise<void>
  refuseAtEdges: (input: { photoId: PhotoId; keys: string[] }) => Promise<{ purged: number }>
  reconcileDistribution: (input: { photoId: PhotoId; ownerId: UserId }) => Promise<void>
}
