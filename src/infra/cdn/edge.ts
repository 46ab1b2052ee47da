import { isUuid } from '../../domain/ids.ts'
import { askAt, assertVariantPaths, CacheAnswerError, confirmed, findServedAt } from './answers.ts'
import type { DenySubject, EdgeTarget } from './cdn.ts'

export interface EdgeTargetOptions {
  /** Where clients reach it, which names it too. */
  url: string
  /** Where it is administered. */
  adminUrl: string
  /** CDN_PURGE_TOKEN. */
  purgeToken: string
  /** For one request. A deny takes up to a second, until it is on the edge's disk. */
  fetchTimeoutMs: number
}

/** One of our edges (stack/edge). */
export function createEdge({ url, adminUrl, purgeToken, fetchTimeoutMs }: EdgeTargetOptions): EdgeTarget {
  const name = new URL(url).origin
  const admin = new URL(adminUrl).origin
  const asking = { origin: name, fetchTimeoutMs }

  async function administer(method: string, path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${admin}/_edge/${path}`, {
      method,
      headers: { 'X-Purge-Token': purgeToken },
      redirect: 'manual',
      signal: AbortSignal.timeout(fetchTimeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new CacheAnswerError(response.status)
    }
    return (await response.json()) as Record<string, unknown>
  }

  return {
    name,

    async deny(subject, minEpoch) {
      const path = denyPath(subject)
      if (!Number.isSafeInteger(minEpoch) || minEpoch < 1) throw new RangeError('Not a positive epoch')
      await confirmed(name, async () => {
        const answer = await administer('PUT', `deny/${path}?min=${minEpoch}`)
        if (!(Number(answer.min) >= minEpoch)) throw new CacheAnswerError(200)
      })
    },

    // What is cached is stored objects; a negotiated URL has no entry of its own.
    async purge(paths) {
      assertVariantPaths(paths)
      return confirmed(name, async () => {
        const cached: string[] = []
        // One after the other: a photo has a handful of paths, and an edge is not flooded by a large retraction.
        for (const path of paths) {
          const { found, now } = await administer('GET', `purge${path}`)
          if (now !== 'gone' || (found !== 'cached' && found !== 'absent')) throw new CacheAnswerError(200)
          if (found === 'cached') cached.push(path)
        }
        return cached
      })
    },

    findServed: (urls) => confirmed(name, () => findServedAt(asking, urls)),

    denies: (of) =>
      confirmed(name, async () => {
        const response = await askAt(asking, of, {})
        const text = await response.text()
        if (response.status >= 500) throw new CacheAnswerError(response.status)
        return response.status === 403 && text.includes('"denied"')
      }),
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
