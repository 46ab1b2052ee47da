import type { IncomingMessage } from 'node:http'
import { createGuardedPost } from './guarded-post.ts'

/** A service elsewhere that is posted to. */
export interface HttpsTarget {
  /** https; requests go nowhere else. */
  url: string
  /** Sent as a bearer token. */
  token?: string | undefined
  /** Networks (CIDR) that are reachable although they are not public. */
  networks?: readonly string[] | undefined
  /** From the connection to the last byte of the answer. */
  timeoutMs: number
  maxAnswerBytes: number
}

/** Posts a body, and returns the text of the answer. @throws HttpsAnswerError, RefusedAddressError, or what the connection failed with */
export type Post = (body: { type: string; bytes: Buffer }, signal?: AbortSignal) => Promise<string>

/** The service answered with another status than 200, or with too much. The message holds nothing of the answer. */
class HttpsAnswerError extends Error {
  override readonly name = 'HttpsAnswerError'
}

/**
 * Posts to one https address that the operator named. It follows no redirect, and reaches private networks only if they are named.
 * @throws RangeError if the address is not https
 */
export function postTo({ url, token, networks = [], timeoutMs, maxAnswerBytes }: HttpsTarget): Post {
  const target = new URL(url)
  if (target.protocol !== 'https:') throw new RangeError('Services elsewhere are reached by https only')
  const post = createGuardedPost(networks)
  return async ({ type, bytes }, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs)
    const answer = await post({
      url: target,
      headers: {
        'Content-Type': type,
        Accept: 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: bytes,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
    if (answer.statusCode !== 200) {
      answer.destroy()
      throw new HttpsAnswerError(`The service answered with status ${answer.statusCode}`)
    }
    return readBounded(answer, maxAnswerBytes)
  }
}

async function readBounded(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) throw new HttpsAnswerError('The answer of the service is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
