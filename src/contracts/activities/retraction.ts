import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { VariantRef } from './uploads-media.ts'
import type { SyncProgress } from '../photo-sync.ts'

/** A stored variant whose key still carries an access epoch that a narrowing has left behind. */
export interface StaleVariant {
  variant: string
  format: string
  objectKey: string
}

/** What a photo's row asks of search, feeds, storage and edges. */
export interface PhotoPlan {
  /**
   * `unpublished`: nothing is derived from it, and absent rows have version 0. `withdrawn`: taken down or in the trash, but kept.
   * `deleted`: nothing may stay of it.
   */
  state: 'unpublished' | 'published' | 'withdrawn' | 'deleted'
  version: number
  accessEpoch: number
  /** Edges, search and feeds may hold something of it. */
  wasPublished: boolean
  /** Edges owe a proof that they refuse URLs below this epoch; null if none is owed. */
  minEpoch: number | null
  stale: StaleVariant[]
  /** What a change of the row asks to be made, such as the copy for downloads; absent before v0.3. */
  missing?: VariantRef[]
}

/** What an account's row asks of its photos. */
export interface AccountPlan {
  accessEpoch: number
  /** As of a photo, for all photos of the account. */
  minEpoch: number | null
  /** Active and not private: whoever asked to follow it does so now. */
  isOpen: boolean
}

/**
 * `superseded`: the photo was narrowed again or deleted meanwhile. `missing`: the object is nowhere, so its row is gone.
 * `removed`: the deleted keys; their URLs must be refused.
 */
export interface MovedVariant {
  outcome: 'moved' | 'superseded' | 'missing'
  removed: string[]
}

/** The steps of photoSync, accountSync and audienceSync. */
export interface RetractionActivities {
  /** `fronts`: caches in front of the edges; absent before v0.3. */
  planPhotoSync: (input: { photoId: PhotoId }) => Promise<PhotoPlan & { edges: string[]; fronts?: string[] }>
  stopUpload: (input: { photoId: PhotoId }) => Promise<boolean>
  /** One edge, or a cache in front of the edges, which has nothing to deny with, denies, forgets `standing` and `gone`, and proves that it serves nothing of `gone`. */
  refusePhotoAtEdge: (input: {
    edge: string
    photoId: PhotoId
    minEpoch: number
    standing: string[]
    gone: string[]
  }) => Promise<{ purged: number }>
  moveVariant: (input: { photoId: PhotoId; stale: StaleVariant }) => Promise<MovedVariant>
  sweepVariants: (input: { photoId: PhotoId }) => Promise<string[]>
  deletePhotoObjects: (input: { photoId: PhotoId }) => Promise<string[]>
  /** Empties the row of a deleted photo. */
  scrubPhoto: (input: { photoId: PhotoId }) => Promise<void>
  /** Completes the receipt of a deleted photo. */
  recordErasure: (input: { photoId: PhotoId; removed: SyncProgress['removed'] }) => Promise<void>
  reconcileDistribution: (input: { photoId: PhotoId; ownerId: UserId }) => Promise<void>
  recordPhotoProof: (input: { photoId: PhotoId; minEpoch: number }) => Promise<void>
  planAccountSync: (input: { userId: UserId }) => Promise<AccountPlan & { edges: string[] }>
  denyAccountAtEdge: (input: { edge: string; userId: UserId; minEpoch: number }) => Promise<void>
  /** Revokes the URLs of the next public photos; their own workflows move the objects. */
  withdrawPhotos: (input: {
    userId: UserId
    after: PhotoId | null
  }) => Promise<{ next: PhotoId | null; withdrawn: number }>
  /** False while a photo of the account is still owed a proof. */
  recordAccountProof: (input: { userId: UserId; minEpoch: number }) => Promise<boolean>
  /** `minEpoch`: edges owe a proof that they refuse signed URLs below this epoch; null if none is owed. */
  planAudienceSync: (input: { userId: UserId }) => Promise<{ minEpoch: number | null; edges: string[] }>
  denyAudienceAtEdge: (input: { edge: string; userId: UserId; minEpoch: number }) => Promise<void>
  recordAudienceProof: (input: { userId: UserId; minEpoch: number }) => Promise<void>
}

/** What a photo's row asks for, as v0.2 has it. */
export type SyncPlanV02 =
  | { state: 'published'; version: number; accessEpoch: number; stale: StaleVariant[] }
  /** `wasPublished`: edges, search and feeds may hold something of it. */
  | { state: 'deleted'; version: number; accessEpoch: number; wasPublished: boolean }
  /** Not published (yet): nothing is derived from it. Absent rows have version 0. */
  | { state: 'unpublished'; version: number }

/** What runs of v0.2 and earlier schedule; goes when none is open any more (docs/adr/0013). */
export interface SyncActivitiesV02 {
  planSync: (input: { photoId: PhotoId }) => Promise<SyncPlanV02>
  denyAtEdges: (input: { photoId: PhotoId; minEpoch: number }) => Promise<void>
  moveVariants: (input: {
    photoId: PhotoId
    accessEpoch: number
    stale: StaleVariant[]
  }) => Promise<{ outcome: 'moved' | 'superseded'; removed: string[] }>
  listObjects: (input: { photoId: PhotoId }) => Promise<string[]>
  deleteObjects: (input: { photoId: PhotoId; keys: string[] }) => Promise<void>
  refuseAtEdges: (input: { photoId: PhotoId; keys: string[] }) => Promise<{ purged: number }>
}
