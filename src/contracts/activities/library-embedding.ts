import type { EmbeddingSliceInput, EmbeddingSliceResult } from '../library-embedding.ts'

/** The steps of libraryEmbedding on the queue `embedding`. */
export interface LibraryEmbeddingActivities {
  /** The present model, by which the labels of tags are embedded too, and how many photos there are. */
  surveyEmbeddings: () => Promise<{ model: string; photos: number }>
  /** Has a stretch of the library embedded within some seconds. */
  embedSlice: (input: EmbeddingSliceInput) => Promise<EmbeddingSliceResult>
}
