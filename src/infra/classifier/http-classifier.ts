import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { z } from 'zod'
import type { ImageProcessor } from '../image/processor.ts'
import type { Classifier } from './classifier.ts'
import { isReachable, lookupReachable, RefusedAddressError } from './public-address.ts'

export interface HttpClassifierOptions {
  /** https; requests go nowhere else. */
  url: string
  /** Sent as a bearer token. */
  token?: string | undefined
  /** Networks (CIDR) that are reachable although they are not public. */
  networks?: readonly string[]
  /** From the connection to the last byte of the answer. */
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
 * Posts a small JPEG without metadata to one https address, and reads `{model, version, scores}` from the answer. It follows no
 * redirect, and reaches private networks only if they are named.
 * @throws RangeError if the address is not https
 */
export function createHttpClassifier(
  images: Pick<ImageProcessor, 'run'>,
  { url, token, networks = [], timeoutMs = TIMEOUT_MS, maxPixels }: HttpClassifierOptions,
): Classifier {
  const target = new URL(url)
  if (target.protocol !== 'https:') throw new RangeError('A classifier is reached by https only')
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const lookup = lookupReachable(networks)

  function post(jpeg: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    if (isIP(host) && !isReachable(host, networks))
      throw new RefusedAddressError(`${host} is in a network that is not reachable`)
    const headers = {
      'Content-Type': 'image/jpeg',
      'Content-Length': jpeg.length,
      Accept: 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    }
    return new Promise((resolve, reject) => {
      // Without an agent, so that each connection goes to an address that was just judged.
      const sending = request(target, { method: 'POST', headers, lookup, signal, agent: false })
      sending.once('response', resolve).once('error', reject)
      sending.end(jpeg)
    })
  }

  return {
    async classify(file, signal) {
      const jpeg = await images.run('smallJpeg', file, { maxPixels }, { signal })
      const deadline = AbortSignal.timeout(timeoutMs)
      const answer = await post(Buffer.from(jpeg), signal ? AbortSignal.any([signal, deadline]) : deadline)
      if (answer.statusCode !== 200) {
        answer.destroy()
        throw new ClassifierAnswerError(`The classifier answered with status ${answer.statusCode}`)
      }
      return parse(await readBounded(answer))
    },
  }
}

async function readBounded(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) throw new ClassifierAnswerError('The answer of the classifier is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(text))
  } catch {
    throw new ClassifierAnswerError('The answer of the classifier is no classification')
  }
}
