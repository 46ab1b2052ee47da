import type { PhotoId, UserId } from '../../domain/ids.ts'

/** What a call of `indexPhoto` found or did. */
export interface IndexOutcome {
  state: 'indexed' | 'removed'
  /** The version of the row that the index is in line with; null if the row does not exist. */
  version: number | null
  /** Whether this call wrote or removed the document; false if the index was already in line or ahead. */
  changed: boolean
}

/** The search steps of photoUpload, photoSync and accountSync. */
export interface SearchActivities {
  indexPhoto: (input: { photoId: PhotoId }) => Promise<IndexOutcome>
  /** The next published photos of an account; `next` is null once there is none left. */
  indexPhotosOf: (input: {
    userId: UserId
    after: PhotoId | null
  }) => Promise<{ next: PhotoId | null; indexed: number }>
}
