import { setTimeout as sleep } from 'node:timers/promises'

/** An answer of the API: its status, headers and parsed body (undefined when empty). */
export interface Answer<Body = any> {
  status: number
  headers: Headers
  body: Body
}

/** An answer that was not the expected one, with what the API said. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer'
  readonly answer: Answer

  constructor(request: string, answer: Answer) {
    super(`${request} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    this.answer = answer
  }
}

const REQUEST_TIMEOUT_MS = 40_000

/** A signed-in user of the API over HTTP: what the demo, the end-to-end tests and the benchmarks speak through. */
export class ApiClient {
  readonly origin: string
  /** null: nobody signed in. */
  token: string | null = null
  username = ''

  constructor(origin: string) {
    this.origin = origin.replace(/\/$/, '')
  }

  /** Sends one request; `path` begins with `/v1` or is outside it. Never throws for a status. */
  async send<Body = any>(
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
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : isJson ? JSON.parse(text) : text) as Body,
    }
  }

  /** Sends one request and returns its body. @throws UnexpectedAnswer unless the status is among `expected` (any 2xx). */
  async call<Body = any>(
    method: string,
    path: string,
    body?: unknown,
    expected: readonly number[] = [],
  ): Promise<Body> {
    const answer = await this.send<Body>(method, path, { body })
    const fine = expected.length > 0 ? expected.includes(answer.status) : answer.status < 300
    if (!fine) throw new UnexpectedAnswer(`${method} ${path}`, answer)
    return answer.body
  }

  /** Creates an account and signs in as it. */
  async signUp(username: string, password = `password of ${username}`): Promise<this> {
    const { accessToken } = await this.call('POST', '/v1/users', { username, password })
    this.token = accessToken
    this.username = username
    return this
  }

  async signIn(username: string, password = `password of ${username}`): Promise<this> {
    const { accessToken } = await this.call('POST', '/v1/sessions', { username, password })
    this.token = accessToken
    this.username = username
    return this
  }

  /** Asks for an upload and PUTs the bytes to the storage; `complete` is left to the caller or the storage event. */
  async upload(
    bytes: Uint8Array,
    photo: { contentType: string; caption?: string; visibility?: string },
  ): Promise<{ photoId: string; putFinishedAt: number }> {
    const { photo: created, upload } = await this.call('POST', '/v1/photos', {
      ...photo,
      bytes: bytes.byteLength,
    })
    await this.put(upload, bytes)
    return { photoId: created.id, putFinishedAt: performance.now() }
  }

  /** PUTs to the storage as a client would. @throws Error unless the storage took it */
  async put(upload: { url: string; headers: Record<string, string> }, bytes: Uint8Array): Promise<void> {
    const response = await fetch(upload.url, {
      method: 'PUT',
      headers: upload.headers,
      body: bytes,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`PUT answered ${response.status}: ${await response.text()}`)
  }

  /** Every item of a list, page by page, to its end. */
  async walk<Item = any>(path: string, limit = 20): Promise<Item[]> {
    const items: Item[] = []
    let cursor: string | null = null
    do {
      const separator = path.includes('?') ? '&' : '?'
      const page: { items: Item[]; nextCursor: string | null } = await this.call(
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
   * @throws Error with `what` when it has not within `timeoutMs`
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
  async untilSettled(photoId: string, timeoutMs = 20_000): Promise<any> {
    return this.until(
      `photo ${photoId} is ready`,
      async () => {
        const { photo } = await this.call('GET', `/v1/photos/${photoId}`)
        return ['ready', 'failed'].includes(photo.status) ? photo : undefined
      },
      timeoutMs,
    )
  }

  /** Waits until all four variants exist. */
  async untilVariants(photoId: string, count = 4, timeoutMs = 30_000): Promise<any> {
    return this.until(
      `photo ${photoId} has its variants`,
      async () => {
        const { photo } = await this.call('GET', `/v1/photos/${photoId}`)
        return photo.variants.filter((v: any) => v.name !== 'original').length >= count ? photo : undefined
      },
      timeoutMs,
    )
  }
}
