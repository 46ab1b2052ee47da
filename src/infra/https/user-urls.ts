import type { IncomingMessage } from 'node:http'
import { createGuardedPost } from './guarded-post.ts'
import { leadsToReachable, RefusedAddressError, type ResolveAll } from './public-address.ts'
import { createResolveByDns } from './resolve-by-dns.ts'

/** Why a URL that a user gave is not posted to. */
export type UrlRefusal = 'scheme' | 'credentials' | 'port' | 'address'

/** What became of a request: the status of the answer and its beginning, or why there was none. */
export type PostOutcome = { status: number; excerpt: string } | { failure: PostFailure }

/** Stored, so it keeps its names. */
type PostFailure =
  'blocked_address' | 'unresolved' | 'timeout' | 'tls' | 'connection_refused' | 'connection_failed'

/** Posts to URLs that users gave, who may be anyone. */
export interface UserUrls {
  /** Whether it would be posted to. A name that leads nowhere and one that leads inside are refused alike. */
  refusalOf(url: URL): Promise<UrlRefusal | undefined>
  /** Never throws for what the other side does. @throws what the signal aborts with */
  post(request: {
    url: URL
    headers: Record<string, string>
    body: Buffer
    signal?: AbortSignal | undefined
  }): Promise<PostOutcome>
}

interface UserUrlsOptions {
  /** Networks (CIDR) that are reachable although they are not public. */
  networks: readonly string[]
  ports: readonly number[]
  timeoutMs?: number
  resolveAll?: ResolveAll
}

/** From the connection to the last byte that is read of the answer. */
const TIMEOUT_MS = 10_000
/** What is read of an answer; the rest is not waited for. */
const MAX_EXCERPT_BYTES = 200
const HTTPS_PORT = 443

export function createUserUrls({
  networks,
  ports,
  timeoutMs = TIMEOUT_MS,
  resolveAll = createResolveByDns(),
}: UserUrlsOptions): UserUrls {
  const post = createGuardedPost(networks, resolveAll)

  function formRefusalOf(url: URL): UrlRefusal | undefined {
    if (url.protocol !== 'https:') return 'scheme'
    if (url.username !== '' || url.password !== '') return 'credentials'
    if (!ports.includes(url.port === '' ? HTTPS_PORT : Number(url.port))) return 'port'
    return undefined
  }

  return {
    async refusalOf(url) {
      const refusal = formRefusalOf(url)
      if (refusal) return refusal
      return (await leadsToReachable(url, networks, resolveAll)) ? undefined : 'address'
    },

    async post({ url, headers, body, signal }) {
      // The settings may allow less than when it was given.
      if (formRefusalOf(url)) return { failure: 'blocked_address' }
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await post({
          url,
          headers,
          body,
          signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        })
        return { status: answer.statusCode!, excerpt: await excerptOf(answer) }
      } catch (error) {
        signal?.throwIfAborted()
        return { failure: deadline.aborted ? 'timeout' : failureOf(error) }
      }
    },
  }
}

/** Its beginning as one line of text. An answer that breaks off or stalls has been given all the same. */
async function excerptOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      // Leaving the loop closes the connection.
      if (bytes >= MAX_EXCERPT_BYTES) break
    }
  } catch {
    // Its status is what counts.
  }
  return Buffer.concat(chunks)
    .subarray(0, MAX_EXCERPT_BYTES)
    .toString('utf8')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
}

function failureOf(error: unknown): PostFailure {
  if (error instanceof RefusedAddressError) return 'blocked_address'
  const code = String((error as NodeJS.ErrnoException | undefined)?.code ?? '')
  if (/^(ENOTFOUND|ENODATA|ESERVFAIL|ETIMEOUT|EREFUSED|EBADNAME|ENONAME)$/.test(code)) return 'unresolved'
  if (code === 'ECONNREFUSED') return 'connection_refused'
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER|EPROTO/.test(code)) return 'tls'
  return 'connection_failed'
}
