import { DarkroomError } from '../../domain/errors.ts'
import { isUuid, type PhotoId, type UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'

export interface CdnOptions {
  /** Each edge, since each has its own cache and deny table: where clients reach it, and where it is administered. */
  edges: readonly { url: string; adminUrl: string }[]
  /** CDN_PURGE_TOKEN. */
  purgeToken: string
  /** For one request to one edge. A deny takes up to a second, until it is on the edge's disk. */
  fetchTimeoutMs: number
}

/**
 * What an edge denies: a photo, every photo of an account, those of its photos that are not public, or whatever was issued
 * through a share link (its epoch is 0).
 */
type DenySubject = { photoId: PhotoId } | { userId: UserId } | { audienceOf: UserId } | { linkId: LinkId }

/** How an edge answered one URL. Holds the path only: signatures stay out of logs and histories. */
interface RefusalAnswer {
  path: string
  status: number
}

/**
 * The edges, each on its own: a caller that needs all of them asks one after the other or side by side, so that one that is
 * down holds up none of the others. All methods
 * @throws DarkroomError `unavailable` unless the edge confirmed; safe to repeat
 */
export interface Cdn {
  /** The addresses of all edges, which name them to the other methods. */
  edges: readonly string[]
  /**
   * Once it returns, the edge refuses URLs of the subject with an access epoch below `minEpoch`, cached or not and
   * also after a restart, for an hour: time to delete and purge what they point to. Never lowers an earlier minimum.
   *
   * @throws RangeError for an id or epoch that no edge would take
   */
  deny(edge: string, subject: DenySubject, minEpoch: number): Promise<void>
  /**
   * Drops what the edge has cached under the paths (`/variants/…`, no query), origin up or down. The next request asks
   * the origin, so delete the objects or deny their epoch first.
   * @returns the paths under which something was cached
   */
  purge(edge: string, paths: readonly string[]): Promise<string[]>
  /**
   * Asks the edge for every URL as a client would. Refused means 403, 404 or 410; no answer and a 5xx prove nothing.
   * @returns those that are still served; none proves that all are refused
   */
  findServed(edge: string, urls: readonly string[]): Promise<RefusalAnswer[]>
  /** Whether the edge refuses this URL, which it would not refuse otherwise, because of an entry of its deny table. */
  denies(edge: string, url: string): Promise<boolean>
}

/** Answers that mean "you get no bytes, and this is not a temporary fault". */
const REFUSED_STATUSES = new Set([403, 404, 410])

export function createCdn({ edges: given, purgeToken, fetchTimeoutMs }: CdnOptions): Cdn {
  const adminOf = new Map(given.map(({ url, adminUrl }) => [new URL(url).origin, new URL(adminUrl).origin]))
  const edges = [...adminOf.keys()]
  if (edges.length === 0) throw new RangeError('No CDN edge is configured')

  async function ask(url: string, init: RequestInit = {}): Promise<Response> {
    return fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(fetchTimeoutMs) })
  }

  async function administer(method: string, edge: string, path: string): Promise<Record<string, unknown>> {
    const response = await ask(`${adminOf.get(edge)}/_edge/${path}`, {
      method,
      headers: { 'X-Purge-Token': purgeToken },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new EdgeAnswerError(response.status)
    }
    return (await response.json()) as Record<string, unknown>
  }

  return {
    edges,

    async deny(edge, subject, minEpoch) {
      const path = denyPath(subject)
      if (!Number.isSafeInteger(minEpoch) || minEpoch < 1) throw new RangeError('Not a positive epoch')
      await confirmed(edge, async () => {
        const answer = await administer('PUT', edge, `deny/${path}?min=${minEpoch}`)
        if (!(Number(answer.min) >= minEpoch)) throw new EdgeAnswerError(200)
      })
    },

    async purge(edge, paths) {
      if (!paths.every((path) => /^\/variants\/[\w./-]+$/.test(path)))
        throw new RangeError('Not a variant path')
      return confirmed(edge, async () => {
        const cached: string[] = []
        // One after the other: a photo has a handful of paths, and an edge is not flooded by a large retraction.
        for (const path of paths) {
          const { found, now } = await administer('GET', edge, `purge${path}`)
          if (now !== 'gone' || (found !== 'cached' && found !== 'absent')) throw new EdgeAnswerError(200)
          if (found === 'cached') cached.push(path)
        }
        return cached
      })
    },

    async findServed(edge, urls) {
      return confirmed(edge, async () => {
        const served: RefusalAnswer[] = []
        for (const url of urls) {
          const { pathname, search } = new URL(url)
          // A negotiated URL then reaches every format, as each stands in for the one before it.
          const headers = { Accept: 'image/avif,image/webp' }
          const { status, body } = await ask(`${edge}${pathname}${search}`, { headers })
          await body?.cancel()
          if (status >= 500) throw new EdgeAnswerError(status)
          if (!REFUSED_STATUSES.has(status)) served.push({ path: pathname, status })
        }
        return served
      })
    },

    async denies(edge, url) {
      return confirmed(edge, async () => {
        const { pathname, search } = new URL(url)
        const response = await ask(`${edge}${pathname}${search}`)
        const text = await response.text()
        if (response.status >= 500) throw new EdgeAnswerError(response.status)
        return response.status === 403 && text.includes('"denied"')
      })
    },
  }
}

/** @throws RangeError for an id that no edge would take */
function denyPath(subject: DenySubject): string {
  if ('photoId' in subject) {
    if (!isUuid(subject.photoId)) throw new RangeError('Not a photo id')
    return subject.photoId
  }
  if ('linkId' in subject) {
    if (!isUuid(subject.linkId)) throw new RangeError('Not a link id')
    return `link/${subject.linkId}`
  }
  const [kind, userId] = 'userId' in subject ? ['account', subject.userId] : ['audience', subject.audienceOf]
  if (!/^[1-9]\d{0,18}$/.test(userId)) throw new RangeError('Not a user id')
  return `${kind}/${userId}`
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

/** Without a time for the next try: the policy of the activity says when that is. */
async function confirmed<Result>(edge: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw new DarkroomError('unavailable', `The edge ${edge} did not confirm.`, { cause: error })
  }
}
