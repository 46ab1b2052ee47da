import type { EmbeddingActivities } from '../contracts/activities/embeddings.ts'
import type { PhotoId } from '../domain/ids.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The step that has photos embedded. */
export function createEmbeddingActivities(embeddings: {
  embedPhoto: (photoId: PhotoId, signal?: AbortSignal) => Promise<void>
}): EmbeddingActivities {
  return asActivities<EmbeddingActivities>({
    embedPhoto: ({ photoId }) => whileHeartbeating((signal) => embeddings.embedPhoto(photoId, signal)),
  })
}
