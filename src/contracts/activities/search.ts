import type { PhotoId } from '../../domain/ids.ts'

/** What the index holds of a photo now. */
export interface IndexOutcome {
  state: 'indexed' | 'removed'
  /** The version of the row that the index is in line with; null if there is no such row. */
  version: number | null
  /** Whether this call wrote or removed the document; false if the index already was in line or ahead. */
  changed: boolean
}

/** What photoUpload and photoSync ask of search. */
export interface SearchActivities {
  indexPhoto: (input: { photoId: PhotoId }) => Promise<IndexOutcome>
}
