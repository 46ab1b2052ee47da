import { toBytes } from '../../domain/embeddings.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Embedder } from '../../infra/embedder/embedder.ts'
import { withPictureOf, type PictureSources } from '../screening/picture-of.ts'
import { modelOf } from './model-of.ts'

export interface EmbeddingDeps extends PictureSources {
  db: Database
  embedder: Embedder
}

// A photo that is being erased is deleted, and its embedding with it.
const KEEP = `
  INSERT INTO photo_embeddings (photo_id, model, vector)
  SELECT p.photo_id, $2, $3 FROM photos p WHERE p.photo_id = $1 AND p.status NOT IN ('failed', 'deleted') FOR KEY SHARE
  ON CONFLICT (photo_id) DO UPDATE SET model = excluded.model, vector = excluded.vector, created_at = now()`

/**
 * Keeps what a photo shows as a vector of the present model, in the place of one of another model. It may run twice.
 * @returns the model
 * @throws whatever the embedder failed with, or NoPictureError: then nothing is kept
 */
export async function embedPhoto(
  deps: EmbeddingDeps,
  photoId: PhotoId,
  signal?: AbortSignal,
): Promise<string> {
  const { vectors, ...made } = await withPictureOf(deps, photoId, signal, (file) =>
    deps.embedder.ofPicture(file, signal),
  )
  const model = modelOf(made)
  await deps.db.primary({ text: KEEP, values: [photoId, model, Buffer.from(toBytes(vectors[0]!).buffer)] })
  return model
}
