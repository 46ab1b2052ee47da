import { setTimeout as sleep } from 'node:timers/promises'
import { variantSpecsOf, type VariantName } from '../../src/domain/variants.ts'

/** An answer of the API: its status, headers and parsed body (undefined when empty). */
export interface Answer<Body = AnyBody> {
  status: number
  headers: Headers
  body: Body
}

/** A body whose shape the caller knows but does not spell out: any of the API's JSON objects. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON from outside; what matters of it is asserted
export type AnyBody = any

export interface VariantAnswer {
  name: VariantName | 'original'
  format: string
  width: number
  height: number
  bytes: number
  url: string
  expiresAt?: string
}

/** The part of a photo that callers of this client read. */
export interface PhotoAnswer {
  id: string
  owner: { username: string }
  status: 'awaiting_upload' | 'processing' | 'ready' | 'failed' | 'quarantined' | 'trashed' | 'deleted'
  visibility: 'public' | 'followers' | 'private'
  caption: string | null
  tags: string[]
  width: number | null
  height: number | null
  placeholder: string | null
  publishedAt: string | null
  failure?: { code: string; detail: string }
  variants: VariantAnswer[]
  sources: { name: VariantName; width: number; height: number; url: string }[]
}

export interface UploadTarget {
  method: 'PUT'
  url: string
  headers: Record<string, string>
  expiresAt: string
}

export interface Page<Item> {
  items: Item[]
  nextCursor: string | null
}

/** An unexpected answer, with what the API said. */
class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError'
  readonly answer: Answer

  constructor(request: string, answer: Answer) {
    super(`${request} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    this.answer = answer
  }
}

interface SignedIn {
  accessToken: string
}

const REQUEST_TIMEOUT_MS = 40_000

/** The photo's variant of this name and format. @throws Error if it has none */
export function variantOf(photo: PhotoAnswer, name: VariantAnswer['name'], format?: string): VariantAnswer {
  const found = photo.variants.find((v) => v.name === name && (format === undefined || v.format === format))
  if (!found) throw new Error(`photo ${photo.id} has no ${name} ${format ?? ''}`)
  return found
}

/** A user of the API over HTTP; the demo, the end-to-end tests and the benchmarks use it. */
export class ApiClient {
  readonly origin: string
  /** null: nobody is signed in. */
  token: string | null = null
  username = ''

  constructor(origin: string) {
    this.origin = origin.replace(/\/$/, '')
  }

  /** Sends one request; `path` begins with `/v1` or is outside it. Never throws for a status. */
  async send<Body = AnyBody>(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; token?: string | null } = {},
  ): Promise<Answer<Body>> {
    const token = options.token === undefined ? this.token : options.token
    const response = await fetch(this.origin + path, {
      method,
      headers: {
        ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    const body = (text === '' ? undefined : isJson ? JSON.parse(text) : text) as Body
    return { status: response.status, headers: response.headers, body }
  }

  /** Sends one request and returns its body. @throws UnexpectedAnswerError unless the status is among `expected` (any 2xx). */
  async call<Body = AnyBody>(
    method: string,
    path: string,
    body?: unknown,
    expected: readonly number[] = [],
  ): Promise<Body> {
    const answer = await this.send<Body>(method, path, { body })
    const fine = expected.length > 0 ? expected.includes(answer.status) : answer.status < 300
    if (!fine) throw new UnexpectedAnswerError(`${method} ${path}`, answer)
    return answer.body
  }

  /** Creates an account and signs in as it. */
  async signUp(username: string, password = `password of ${username}`): Promise<this> {
    const { accessToken } = await this.call<SignedIn>('POST', '/v1/users', { username, password })
    this.token = accessToken
    this.username = username
    return this
  }

  async signIn(username: string, password = `password of ${username}`): Promise<this> {
    const { accessToken } = await this.call<SignedIn>('POST', '/v1/sessions', { username, password })
    this.token = accessToken
    this.username = username
    return this
  }

  /** Asks for an upload and PUTs the bytes to the storage; `complete` is left to the caller or the storage event. */
  async upload(
    bytes: Uint8Array,
    photo: { contentType: string; caption?: string; visibility?: string },
  ): Promise<{ photoId: string; putFinishedAt: number }> {
    const { photo: created, upload } = await this.openUpload({ ...photo, bytes: bytes.byteLength })
    await this.put(upload, bytes)
    return { photoId: created.id, putFinishedAt: performance.now() }
  }

  /** Asks for an upload. */
  async openUpload(photo: Record<string, unknown>): Promise<{ photo: PhotoAnswer; upload: UploadTarget }> {
    return this.call('POST', '/v1/photos', photo)
  }

  /** The photo as this user sees it. @throws UnexpectedAnswerError if they do not */
  async photo(photoId: string): Promise<PhotoAnswer> {
    return (await this.call<{ photo: PhotoAnswer }>('GET', `/v1/photos/${photoId}`)).photo
  }

  /** PUTs to the storage as a client would. @throws Error unless the storage accepts it */
  async put(upload: Pick<UploadTarget, 'url' | 'headers'>, bytes: Uint8Array): Promise<void> {
    const response = await fetch(upload.url, {
      method: 'PUT',
      headers: upload.headers,
      body: bytes,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`PUT answered ${response.status}: ${await response.text()}`)
  }

  /** Every item of a list, page by page, to its end. */
  async walk<Item = PhotoAnswer>(path: string, limit = 20): Promise<Item[]> {
    const items: Item[] = []
    let cursor: string | null = null
    do {
      const separator = path.includes('?') ? '&' : '?'
      const page: Page<Item> = await this.call<Page<Item>>(
        'GET',
        `${path}${separator}limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      )
      items.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== null)
    return items
  }

  /**
   * Waits until `check` returns something other than undefined or false.
   * @throws Error with `what` when it has not done so within `timeoutMs`
   */
  async until<T>(
    what: string,
    check: () => Promise<T | undefined | false>,
    timeoutMs = 20_000,
    intervalMs = 25,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const value = await check()
      if (value !== undefined && value !== false) return value
      if (performance.now() > deadline) throw new Error(`gave up after ${timeoutMs} ms waiting until ${what}`)
      await sleep(intervalMs)
    }
  }

  /** Waits until the photo is `ready` (or `failed`) as its owner sees it. */
  async untilSettled(photoId: string, timeoutMs = 20_000): Promise<PhotoAnswer> {
    return this.until(
      `photo ${photoId} is ready`,
      async () => {
        const photo = await this.photo(photoId)
        return ['ready', 'failed'].includes(photo.status) ? photo : undefined
      },
      timeoutMs,
    )
  }

  /** Waits until every variant that a photo of its size should have exists. */
  async untilVariants(photoId: string, timeoutMs = 30_000): Promise<PhotoAnswer> {
    return this.until(
      `photo ${photoId} has its variants`,
      async () => {
        const photo = await this.photo(photoId)
        const { width, height, variants } = photo
        if (width === null || height === null) return undefined
        const made = variants.filter(({ name }) => name !== 'original').length
        return made >= variantSpecsOf({ width, height }).length ? photo : undefined
      },
      timeoutMs,
    )
  }
}
