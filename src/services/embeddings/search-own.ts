import { cosine } from '../../domain/embeddings.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Embedder, Embeddings } from '../../infra/embedder/embedder.ts'
import type { Reader } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { modelOf } from './model-of.ts'

/** A photo of the viewer, and how near it is to what was asked for. */
export interface FoundByContent extends PhotoCard {
  /** The cosine of the two embeddings, -1 to 1. */
  nearness: number
}

/** The vectors that are read at once: 1 MB of 512 numbers each. */
const BATCH = 2_000
/** Of larger libraries, the latest. */
const MAX_COMPARED = 100_000
const RETRY_AFTER_SECONDS = 60

// Plan: photos_owner_idx of the account from there on, and a probe of photo_embeddings_pkey each.
const VECTORS = `
  SELECT p.photo_id AS "photoId", p.score, e.vector FROM photos p JOIN photo_embeddings e ON e.photo_id = p.photo_id
  WHERE p.owner_id = $1 AND p.status = 'ready' AND e.model = $2
    AND ($3::bigint IS NULL OR (p.score, p.photo_id) < ($3, $4::uuid))
  ORDER BY p.score DESC, p.photo_id DESC LIMIT ${BATCH}`

interface VectorRow {
  photoId: PhotoId
  score: string
  vector: Buffer
}

/**
 * The viewer's photos that show most nearly what a text says, the nearest first: all of them are compared.
 * @throws DarkroomError `unavailable` if the embedder fails
 */
export async function searchOwnByContent(
  embedder: Embedder,
  { query, viewer }: Reader<UserViewer>,
  { text, limit }: { text: string; limit: number },
): Promise<FoundByContent[]> {
  const asked = await embeddingOf(embedder, text)
  const nearest = await nearestOf(query, viewer, asked, limit)
  const { cards } = await loadPhotoCards(
    query,
    viewer,
    nearest.map(({ photoId }) => photoId),
  )
  return nearest.flatMap(({ photoId, nearness }) => {
    const card = cards.get(photoId)
    return card ? [{ ...card, nearness }] : []
  })
}

async function embeddingOf(embedder: Embedder, text: string): Promise<Embeddings> {
  try {
    return await embedder.ofTexts([text])
  } catch (error) {
    throw unavailable(error)
  }
}

async function nearestOf(query: Query, viewer: UserViewer, asked: Embeddings, limit: number) {
  let nearest: { photoId: PhotoId; nearness: number }[] = []
  let last: VectorRow | undefined
  for (let compared = 0; compared < MAX_COMPARED; compared += BATCH) {
    const rows: VectorRow[] = await query<VectorRow & Record<string, unknown>>({
      name: 'own-embeddings',
      text: VECTORS,
      values: [viewer.userId, modelOf(asked), last?.score ?? null, last?.photoId ?? null],
    })
    for (const { photoId, vector } of rows) {
      const nearness = cosine(asked.vectors[0]!, vector)
      if (nearness !== null) nearest.push({ photoId, nearness })
    }
    nearest = nearest.sort((one, other) => other.nearness - one.nearness).slice(0, limit)
    last = rows.at(-1)
    if (rows.length < BATCH) break
  }
  return nearest
}

function unavailable(cause: unknown): DarkroomError {
  return new DarkroomError('unavailable', 'Searching by content is not available.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })
}
