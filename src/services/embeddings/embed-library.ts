import {
  addEmbeddings,
  NOTHING_EMBEDDED,
  type EmbeddingSliceInput,
  type EmbeddingSliceResult,
  type EmbeddingTally,
} from '../../contracts/library-embedding.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import { photoStrayed } from '../../observability/embedding-events.ts'
import type { Logger } from '../../observability/logger.ts'
import { countPhotos, FIRST_ID, type SliceOptions } from '../photos/library-walk.ts'
import { pictureFailureOf } from '../screening/picture-of.ts'
import { embedPhoto, type EmbeddingDeps } from './embed-photo.ts'
import { modelOf } from './model-of.ts'
import type { TagLabels } from './tag-labels.ts'

/** Has photos embedded that are not by the model of the run, in the order of their ids. */
export interface LibraryEmbedder {
  /** @throws DarkroomError invalid where the settings name no embedder */
  survey(): Promise<{ model: string; photos: number }>
  /** Repeating a slice embeds nothing twice. @throws whatever the embedder failed with, which is worth a retry */
  slice(
    input: EmbeddingSliceInput,
    options: SliceOptions<EmbeddingSliceResult>,
  ): Promise<EmbeddingSliceResult>
}

/** Photos whose models are read at once. */
const PHOTOS = 200
/** Any text, to hear the model. */
const PROBE = 'photo'

// Plan: photos_pkey, and a probe of photo_embeddings_pkey for each.
const CANDIDATES = `
  SELECT p.photo_id, e.model,
    p.sha256 IS NOT NULL AND p.published_at IS NOT NULL AND p.status NOT IN ('failed', 'deleted') AS is_embeddable
  FROM (SELECT * FROM photos WHERE photo_id > $1 ORDER BY photo_id LIMIT ${PHOTOS}) p
    LEFT JOIN photo_embeddings e ON e.photo_id = p.photo_id
  ORDER BY p.photo_id`

interface Candidate {
  photo_id: PhotoId
  model: string | null
  is_embeddable: boolean
}

type LibraryEmbedderDeps = EmbeddingDeps & { labels: TagLabels; logger: Logger }

export function createLibraryEmbedder(deps: LibraryEmbedderDeps): LibraryEmbedder {
  const { primary } = deps.db
  return {
    async survey() {
      const model = modelOf(await deps.embedder.ofTexts([PROBE]))
      await deps.labels.keep(model)
      return { model, photos: await countPhotos(primary) }
    },

    async slice({ model, after, maxPhotos }, { maxMs, onReached, signal }) {
      const endsAt = performance.now() + maxMs
      let reached: EmbeddingSliceResult = { after, tally: NOTHING_EMBEDDED, isAtEnd: false }
      const isOver = () =>
        performance.now() > endsAt || reached.tally.embedded + reached.tally.failed >= maxPhotos
      for (;;) {
        const photos = await candidatesAfter(primary, reached.after ?? FIRST_ID)
        for (const photo of photos) {
          signal.throwIfAborted()
          if (isOver()) return reached
          const { photo_id: photoId } = photo
          const tally = await embed(deps, photo, model, signal)
          reached = { after: photoId, tally: addEmbeddings(reached.tally, tally), isAtEnd: false }
          if (tally.embedded + tally.failed > 0) onReached(reached)
        }
        if (photos.length < PHOTOS) return { ...reached, isAtEnd: true }
        onReached(reached)
      }
    },
  }
}

/** Where there is no embedder. */
export const NO_LIBRARY_EMBEDDER: LibraryEmbedder = {
  survey: () => Promise.reject(noEmbedder()),
  slice: () => Promise.reject(noEmbedder()),
}
const noEmbedder = () => new DarkroomError('invalid', 'EMBEDDING_URL of this worker names no service.')

const candidatesAfter = (query: Query, after: PhotoId) =>
  query<Candidate & Record<string, unknown>>({ name: 'to-be-embedded', text: CANDIDATES, values: [after] })

async function embed(
  deps: LibraryEmbedderDeps,
  photo: Candidate,
  model: string,
  signal: AbortSignal,
): Promise<EmbeddingTally> {
  const { photo_id: photoId } = photo
  const seen = { ...NOTHING_EMBEDDED, seen: 1 }
  if (!photo.is_embeddable || photo.model === model) return seen
  try {
    const answered = await embedPhoto(deps, photoId, signal)
    if (answered === model) return { ...seen, embedded: 1 }
    photoStrayed(deps.logger, { expected: model, answered })
    return { ...seen, embedded: 1, strayed: 1 }
  } catch (error) {
    const code = pictureFailureOf(error)
    if (code === undefined) throw error
    return { ...seen, failed: 1, failures: [{ photoId, code }] }
  }
}
