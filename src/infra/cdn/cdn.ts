import { DarkroomError } from '../../domain/errors.ts'
import { isUuid, type PhotoId } from '../../domain/ids.ts'

export interface CdnOptions {
  /** CDN_EDGE_URLS: the address of each edge, since each has its own cache and deny table. */
  edgeUrls: readonly string[]
  /** CDN_PURGE_TOKEN. */
  purgeToken: string
  /** For one request to one edge. A deny takes up to a second, until it is on the edge's disk. */
  fetchTimeoutMs: number
}

/** What one edge held under one path when it was purged; afterwards it held nothing. */
interface PurgeFinding {
  edge: string
  path: string
  found: 'cached' | 'absent'
}

/** How one edge answered one URL. Holds the path only: signatures stay out of logs and histories. */
interface RefusalAnswer {
  edge: string
  path: string
  status: number
  refused: boolean
}

interface RefusalProof {
  /** True only if every edge refused every URL. */
  refused: boolean
  answers: RefusalAnswer[]
}

export interface Cdn {
  /**
   * Once it returns, every edge refuses URLs of the photo with an access epoch below `minEpoch`, cached or not and
   * also after a restart, for an hour: time to delete and purge what they point to. Never lowers an earlier minimum.
   *
   * @throws DarkroomError `unavailable` unless every edge confirmed (with retryAfterSeconds; safe to repeat)
   * @throws RangeError for an id or epoch that no edge would take
   */
  deny(photoId: PhotoId, minEpoch: number): Promise<void>
  /**
   * Drops what every edge has cached under the paths (`/variants/…`, no query), origin up or down. The next request asks
   * the origin, so delete the objects first.
   *
   * @throws DarkroomError `unavailable` unless every edge confirmed every path
   */
  purge(paths: readonly string[]): Promise<PurgeFinding[]>
  /**
   * Asks every edge for every URL as a client would. Refused means 403, 404 or 410.
   *
   * @throws DarkroomError `unavailable` if an edge gave no answer or a 5xx: that proves nothing
   */
  proveRefused(urls: readonly string[]): Promise<RefusalProof>
}

/** Answers that mean "you get no bytes, and this is not a temporary fault". */
const REFUSED_STATUSES = new Set([403, 404, 410])
/** Until a full deny table has room or an edge is back. */
const RETRY_AFTER_SECONDS = 5

/** A client of all edges. Every call goes to every edge, side by side; one that fails does not keep the others waiting. */
export function createCdn({ edgeUrls, purgeToken, fetchTimeoutMs }: CdnOptions): Cdn {
  const edges = edgeUrls.map((url) => new URL(url).origin)
  if (edges.length === 0) throw new RangeError('No CDN edge is configured')

  async function ask(url: string, init: RequestInit = {}): Promise<Response> {
    return fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(fetchTimeoutMs) })
  }

  async function administer(method: string, url: string): Promise<Record<string, unknown>> {
    const response = await ask(url, { method, headers: { 'X-Purge-Token': purgeToken } })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new EdgeAnswerError(response.status)
    }
    return (await response.json()) as Record<string, unknown>
  }

  return {
    async deny(photoId, minEpoch) {
      if (!isUuid(photoId) || !Number.isSafeInteger(minEpoch) || minEpoch < 1) {
        throw new RangeError('Not a photo id and a positive epoch')
      }
      await atEveryEdge(edges, async (edge) => {
        const answer = await administer('PUT', `${edge}/_edge/deny/${photoId}?min=${minEpoch}`)
        if (!(Number(answer.min) >= minEpoch)) throw new EdgeAnswerError(200)
      })
    },

    async purge(paths) {
      if (!paths.every((path) => /^\/variants\/[\w./-]+$/.test(path)))
        throw new RangeError('Not a variant path')
      const findings = await atEveryEdge(edges, (edge) =>
        inTurn(paths, async (path): Promise<PurgeFinding> => {
          const { found, now } = await administer('GET', `${edge}/_edge/purge${path}`)
          if (now !== 'gone' || (found !== 'cached' && found !== 'absent')) throw new EdgeAnswerError(200)
          return { edge, path, found }
        }),
      )
      return findings.flat()
    },

    async proveRefused(urls) {
      const targets = urls.map((url) => new URL(url))
      const answers = await atEveryEdge(edges, (edge) =>
        inTurn(targets, async ({ pathname, search }): Promise<RefusalAnswer> => {
          const { status, body } = await ask(`${edge}${pathname}${search}`)
          await body?.cancel()
          if (status >= 500) throw new EdgeAnswerError(status)
          return { edge, path: pathname, status, refused: REFUSED_STATUSES.has(status) }
        }),
      )
      const all = answers.flat()
      return { refused: all.every((answer) => answer.refused), answers: all }
    },
  }
}

/** An edge gave an unexpected answer. */
class EdgeAnswerError extends Error {
  override readonly name = 'EdgeAnswerError'
  readonly status: number

  constructor(status: number) {
    super(`The edge answered ${status}`)
    this.status = status
  }
}

/** One after the other: a photo has a handful of paths, and an edge is not flooded by a large retraction. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}

async function atEveryEdge<Result>(
  edges: readonly string[],
  work: (edge: string) => Promise<Result>,
): Promise<Result[]> {
  const settled = await Promise.allSettled(edges.map(work))
  const results: Result[] = []
  const errors: unknown[] = []
  for (const outcome of settled) {
    if (outcome.status === 'fulfilled') results.push(outcome.value)
    else errors.push(outcome.reason)
  }
  if (errors.length === 0) return results
  throw new DarkroomError('unavailable', `${errors.length} of ${edges.length} CDN edges did not confirm.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: new AggregateError(errors),
  })
}
