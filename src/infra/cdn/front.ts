import { assertVariantPaths, CacheAnswerError, confirmed, findServedAt } from './answers.ts'
import type { CacheTarget } from './cdn.ts'

export interface FrontOptions {
  /** CDN_FRONT_URL: where clients reach it, which names it too. */
  url: string
  purge: {
    method: string
    /** With `{path}` or `{url}`, or without either for a request that names them in its body. */
    url: string
    /** Sent with each purge, as `Authorization: Bearer …`. */
    header: { name: string; value: string }
  }
  fetchTimeoutMs: number
}

/** Purges under way at once, so that a photo with its twenty URLs does not take twenty round trips. */
const CONCURRENCY = 6

/**
 * A CDN in front of the edges that is purged by one request for each path: it must drop all that it holds under the path,
 * whatever the query and the headers that it was asked with.
 */
export function createFront({ url, purge, fetchTimeoutMs }: FrontOptions): CacheTarget {
  const name = new URL(url).origin

  async function purgeOne(path: string): Promise<void> {
    const address = purge.url.replaceAll('{path}', path).replaceAll('{url}', `${name}${path}`)
    const { status, body } = await fetch(address, {
      method: purge.method,
      headers: { [purge.header.name]: purge.header.value },
      redirect: 'manual',
      signal: AbortSignal.timeout(fetchTimeoutMs),
    })
    await body?.cancel()
    // A cache that holds nothing under the path may say so.
    if (status !== 404 && (status < 200 || status > 299)) throw new CacheAnswerError(status)
  }

  return {
    name,

    async purge(paths) {
      assertVariantPaths(paths)
      return confirmed(name, async () => {
        const rest = [...paths]
        const work = async () => {
          for (let path = rest.shift(); path !== undefined; path = rest.shift()) await purgeOne(path)
        }
        await Promise.all(Array.from({ length: CONCURRENCY }, work))
        return []
      })
    },

    findServed: (urls) => confirmed(name, () => findServedAt({ origin: name, fetchTimeoutMs }, urls)),
  }
}
