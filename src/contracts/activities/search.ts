import type { PhotoId } from '../../domain/ids.ts'

/** The state of a photo in the index now. */
export interface IndexOutcome {
  state: 'indexed' | 'removed'
  /** The version of the row that the index is in line with; null if the row does not exist. */
  version: number | null
  /** Whether this call wrote or removed the document; false if the index already was in line or ahead. */
  changed: boolean
}

/** What photoUpload and photoSync ask of search. */
export interface SearchActivities {
  indexPhoto: (input: { photoId: PhotoId }) => Promise<IndexOutcome>
}
