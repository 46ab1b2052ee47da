import type { PhotoId } from '../../domain/ids.ts'

/** The step that has a photo embedded, on a queue of its own: a service that hangs holds up no other work. */
export interface EmbeddingActivities {
  /** Keeps what the photo shows as a vector. */
  embedPhoto: (input: { photoId: PhotoId }) => Promise<void>
}
