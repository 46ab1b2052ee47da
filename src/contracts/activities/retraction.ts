import type { PhotoId, UserId } from '../../domain/ids.ts'

/** A stored variant whose key still carries an access epoch that a narrowing has left behind. */
export interface StaleVariant {
  variant: string
  format: string
  objectKey: string
}

/** What the photo's row asks photoSync to do. */
export type SyncPlan =
  | { state: 'published'; version: number; accessEpoch: number; stale: StaleVariant[] }
  /** `wasPublished`: edges, search and feeds may still hold the photo. */
  | { state: 'deleted'; version: number; accessEpoch: number; wasPublished: boolean }
  /** Not published, or not yet, so nothing is derived from it. The version is 0 if there is no row. */
  | { state: 'unpublished'; version: number }

/**
 * `superseded`: the photo was narrowed again or deleted meanwhile, so no variant was switched to a new key.
 * `removed`: the keys of deleted objects, whose URLs must be refused.
 */
export interface MoveOutcome {
  outcome: 'moved' | 'superseded'
  removed: string[]
}

/** The steps of photoSync. */
export interface SyncActivities {
  planSync: (input: { photoId: PhotoId }) => Promise<SyncPlan>
  /** False if the upload has already ended. */
  stopUpload: (input: { photoId: PhotoId }) => Promise<boolean>
  denyAtEdges: (input: { photoId: PhotoId; minEpoch: number }) => Promise<void>
  moveVariants: (input: {
    photoId: PhotoId
    accessEpoch: number
    stale: StaleVariant[]
  }) => Promise<MoveOutcome>
  listObjects: (input: { photoId: PhotoId }) => Promise<string[]>
  deleteObjects: (input: { photoId: PhotoId; keys: string[] }) => Promise<void>
  /** Resolves with how many cache entries the edges purged, once every edge has proven that it refuses the URLs. */
  refuseAtEdges: (input: { photoId: PhotoId; keys: string[] }) => Promise<{ purged: number }>
  reconcileDistribution: (input: { photoId: PhotoId; ownerId: UserId }) => Promise<void>
}
