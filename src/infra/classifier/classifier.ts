/** What a classifier says of a picture. */
interface Classification {
  model: string
  /** Of the model; another one means that scores may differ. */
  version: string
  /** By label, from 0 to 1. */
  scores: Record<string, number>
}

/** Scores pictures: in a child process of this machine, or elsewhere. */
export interface Classifier {
  /**
   * @param file an original or a variant; it must be the caller's own (ImageProcessor)
   * @throws InvalidImageError if it cannot be decoded; any other error says nothing about the picture and is worth a retry
   */
  classify(file: string, signal?: AbortSignal): Promise<Classification>
}
