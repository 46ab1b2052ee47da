import { z } from 'zod'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { postTo, type HttpsTarget } from '../https/post.ts'
import type { ImageProcessor } from '../image/processor.ts'
import type { Embedder, Embeddings } from './embedder.ts'

export interface HttpEmbedderOptions extends Pick<HttpsTarget, 'url' | 'token' | 'networks'> {
  timeoutMs?: number
  maxPixels: number
}

/** The service elsewhere answered something else than embeddings. The message holds nothing of the answer. */
class EmbedderAnswerError extends Error {
  override readonly name = 'EmbedderAnswerError'
}

const TIMEOUT_MS = 10_000
/** Some 100 vectors of the greatest length, with 20 characters a number. */
const MAX_ANSWER_BYTES = 4_000_000
const MIN_DIMENSIONS = 2
const MAX_DIMENSIONS = 2_048
/** Model and version stand together in one column. */
const MAX_NAME = (MAX_CHARACTERS.embeddingModel - 1) / 2

const answerSchema = z.object({
  model: z.string().min(1).max(MAX_NAME),
  version: z.string().min(1).max(MAX_NAME),
  vectors: z.array(z.array(z.number()).min(MIN_DIMENSIONS).max(MAX_DIMENSIONS)),
})

/**
 * Posts to one https address (infra/https/post.ts) a small JPEG without metadata, or `{texts: [...]}`, and reads `{model, version, vectors}`
 * from the answer.
 * @throws RangeError if the address is not https
 */
export function createHttpEmbedder(
  images: Pick<ImageProcessor, 'run'>,
  { maxPixels, timeoutMs = TIMEOUT_MS, ...target }: HttpEmbedderOptions,
): Embedder {
  const post = postTo({ ...target, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES })
  return {
    async ofPicture(file, signal) {
      const jpeg = await images.run('smallJpeg', file, { maxPixels }, { signal })
      return parse(await post({ type: 'image/jpeg', bytes: Buffer.from(jpeg) }, signal), 1)
    },
    async ofTexts(texts, signal) {
      const bytes = Buffer.from(JSON.stringify({ texts }))
      return parse(await post({ type: 'application/json', bytes }, signal), texts.length)
    },
  }
}

function parse(text: string, count: number): Embeddings {
  try {
    const { model, version, vectors } = answerSchema.parse(JSON.parse(text))
    const dimensions = vectors[0]?.length
    const isWhole = vectors.length === count && vectors.every((vector) => vector.length === dimensions)
    if (isWhole && vectors.every((vector) => vector.some((value) => value !== 0)))
      return { model, version, vectors: vectors.map((vector) => Float32Array.from(vector)) }
  } catch {
    // Answered below.
  }
  throw new EmbedderAnswerError('The answer of the service has no embeddings')
}
