import { z } from 'zod'
import { postTo, type HttpsTarget } from '../https/post.ts'
import type { ImageProcessor } from '../image/processor.ts'
import type { Classifier } from './classifier.ts'

export interface HttpClassifierOptions extends Pick<HttpsTarget, 'url' | 'token' | 'networks'> {
  timeoutMs?: number
  maxPixels: number
}

/** The classifier elsewhere answered something that is no classification. The message holds nothing of the answer. */
class ClassifierAnswerError extends Error {
  override readonly name = 'ClassifierAnswerError'
}

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536
const MAX_LABELS = 100

const answerSchema = z.object({
  model: z.string().min(1).max(100),
  version: z.string().min(1).max(100),
  scores: z
    .record(z.string().max(100), z.number().min(0).max(1))
    .refine((scores) => Object.keys(scores).length <= MAX_LABELS),
})

/**
 * Posts a small JPEG without metadata to one https address (infra/https/post.ts), and reads `{model, version, scores}` from the answer.
 * @throws RangeError if the address is not https
 */
export function createHttpClassifier(
  images: Pick<ImageProcessor, 'run'>,
  { maxPixels, timeoutMs = TIMEOUT_MS, ...target }: HttpClassifierOptions,
): Classifier {
  const post = postTo({ ...target, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES })
  return {
    async classify(file, signal) {
      const jpeg = await images.run('smallJpeg', file, { maxPixels }, { signal })
      return parse(await post({ type: 'image/jpeg', bytes: Buffer.from(jpeg) }, signal))
    },
  }
}

function parse(text: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(text))
  } catch {
    throw new ClassifierAnswerError('The answer of the classifier is no classification')
  }
}
