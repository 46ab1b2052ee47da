import { setTimeout as delay } from 'node:timers/promises'
import pRetry from 'p-retry'
import { z } from 'zod'

/** An answer of the server that says no; a repeat would say the same. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: string
  readonly status: number
  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

/** The server said how long to wait, and that is over. */
class RateLimitedError extends Error {
  override readonly name = 'RateLimitedError'
}

interface Answer {
  headers: Headers
  text: string
}

/** Who uploads: by signing in, or by a personal access token of the scopes `read` and `upload`. */
export type Account = { username: string; password: string } | { token: string }

/** Calls to the API that survive lost connections, restarts of the server and its rate limits. */
export interface UploadClient {
  /** @throws RefusedError */
  call<T>(answer: z.ZodType<T>, method: string, path: string, body?: unknown, key?: string): Promise<T>
  /** PUTs to a signed URL. @returns the ETag @throws RefusedError */
  put(url: string, bytes: Uint8Array, headers?: Record<string, string>): Promise<string>
}

const SignedIn = z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.number() })
const Problem = z.object({ code: z.string(), detail: z.string().optional() })

const REQUEST_TIMEOUT_MS = 60_000
/** A part of 8 MiB, or a file of 16, at 0.5 Mbit/s. */
const PUT_TIMEOUT_MS = 5 * 60_000
/** Six tries within half a minute; a rate limit says itself how long to wait, however often. */
const RETRIES = { retries: 6, minTimeout: 500, factor: 2, maxTimeout: 15_000, randomize: true }
/** A wait of which the user is told. */
const LONG_WAIT_SECONDS = 10
/** No window of a rate limit is longer; whatever asks for more is asked again. */
const LONGEST_WAIT_SECONDS = 24 * 60 * 60
/** An access token is exchanged this long before it ends. */
const EARLY_MS = 30_000

/** One by a personal access token has no refresh token, and ends when the server says so. */
interface Session {
  accessToken: string
  refreshToken?: string
  endsAt: number
}

interface JsonRequest {
  method: string
  body?: unknown
  headers?: () => Promise<Record<string, string>>
}

/**
 * @param server where the API is
 * @param signal ends all that is under way
 * @param onWait hears when the server asks to wait for long, and why
 * @throws RefusedError if the account cannot sign in
 */
export async function signIn(
  server: string,
  account: Account,
  signal: AbortSignal,
  onWait: (seconds: number, why: string) => void,
): Promise<UploadClient> {
  const url = (path: string) => new URL(`/v1${path}`, server)
  let session = await open()

  async function open(): Promise<Session> {
    if ('token' in account) return { accessToken: account.token, endsAt: Infinity }
    return toSession(await json(SignedIn, url('/sessions'), { method: 'POST', body: account }))
  }
  function toSession(given: z.infer<typeof SignedIn>): Session {
    return { ...given, endsAt: Date.now() + given.expiresIn * 1000 - EARLY_MS }
  }
  let renewal: Promise<void> | undefined
  /** One exchange at a time, as a token that is used twice ends the session. */
  async function token(): Promise<string> {
    if (Date.now() > session.endsAt) {
      renewal ??= renew().finally(() => (renewal = undefined))
      await renewal
    }
    return session.accessToken
  }
  async function renew() {
    const { refreshToken } = session
    if (refreshToken === undefined) throw new RefusedError(401, 'token_expired', 'the token has expired')
    try {
      session = toSession(
        await json(SignedIn, url('/sessions/refresh'), { method: 'POST', body: { refreshToken } }),
      )
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      session = await open()
    }
  }

  async function json<T>(
    answer: z.ZodType<T>,
    target: URL,
    { method, body, headers }: JsonRequest,
  ): Promise<T> {
    const init = async () => ({
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(await headers?.()) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const { text } = await send(target, init, REQUEST_TIMEOUT_MS)
    return answer.parse(text === '' ? undefined : JSON.parse(text))
  }

  /** @param init of each try: a token may run out while the server asks to wait */
  async function send(
    target: URL | string,
    init: () => Promise<RequestInit>,
    timeoutMs: number,
  ): Promise<Answer> {
    return pRetry(async () => sendOnce(target, await init(), timeoutMs), {
      ...RETRIES,
      signal,
      shouldRetry: ({ error }) => !(error instanceof RefusedError),
      shouldConsumeRetry: ({ error }) => !(error instanceof RateLimitedError),
    })
  }

  /** The body is part of a try: the connection may break in the middle of it. */
  async function sendOnce(target: URL | string, init: RequestInit, timeoutMs: number): Promise<Answer> {
    const response = await fetch(target, {
      ...init,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const text = await response.text()
    if (response.ok) return { headers: response.headers, text }
    const { code, detail = response.statusText } = problemIn(text)
    if (response.status === 429 || response.status >= 500) {
      const seconds = retryAfterSeconds(response.headers)
      if (seconds >= LONG_WAIT_SECONDS) onWait(seconds, detail)
      if (seconds > 0) await delay(seconds * 1000, undefined, { signal })
      const problem = `${response.status} ${code}: ${detail}`
      throw response.status === 429 && seconds > 0 ? new RateLimitedError(problem) : new Error(problem)
    }
    if (code === 'token_expired') {
      session.endsAt = 0
      throw new Error(detail)
    }
    throw new RefusedError(response.status, code, detail)
  }

  return {
    async call(answer, method, path, body, key) {
      const headers = async () => ({
        Authorization: `Bearer ${await token()}`,
        ...(key !== undefined && { 'Idempotency-Key': key }),
      })
      return json(answer, url(path), { method, body, headers })
    },
    async put(target, bytes, headers = {}) {
      const answer = await send(target, async () => ({ method: 'PUT', headers, body: bytes }), PUT_TIMEOUT_MS)
      return answer.headers.get('etag') ?? ''
    },
  }
}

/** The header has seconds, or, from some proxies, a date. */
function retryAfterSeconds(headers: Headers): number {
  const said = headers.get('retry-after') ?? '0'
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000
  return Math.min(Math.max(seconds || 0, 0), LONGEST_WAIT_SECONDS)
}

function problemIn(text: string): z.infer<typeof Problem> {
  try {
    return Problem.parse(JSON.parse(text))
  } catch {
    return { code: 'refused' }
  }
}
