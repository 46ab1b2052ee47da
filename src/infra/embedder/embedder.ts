/** Vectors of one model; only those of the same model and version can be compared. */
export interface Embeddings {
  model: string
  version: string
  /** One for each that was given, all of one length. */
  vectors: Float32Array[]
}

/** Turns pictures and texts into vectors that lie near each other if they show or say the same. */
export interface Embedder {
  /**
   * @param file an original or a variant; it must be the caller's own (ImageProcessor)
   * @throws InvalidImageError if it cannot be decoded; any other error says nothing about the picture and is worth a retry
   */
  ofPicture(file: string, signal?: AbortSignal): Promise<Embeddings>
  ofTexts(texts: readonly string[], signal?: AbortSignal): Promise<Embeddings>
}
