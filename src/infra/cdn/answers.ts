import { DarkroomError } from '../../domain/errors.ts'
import type { ServedAnswer } from './cdn.ts'

/** Answers that mean "you get no bytes, and this is not a temporary fault". */
const REFUSED_STATUSES = new Set([403, 404, 410])

/** What clients say of formats and data: a shared cache may hold a copy of a negotiated URL for each. */
const NEGOTIATIONS = ['image/avif,image/webp', 'image/webp', '*/*'].flatMap(
  (Accept): Record<string, string>[] => [{ Accept }, { Accept, 'Save-Data': 'on' }],
)

/** A cache gave an unexpected answer. */
export class CacheAnswerError extends Error {
  override readonly name = 'CacheAnswerError'
  readonly status: number

  constructor(status: number) {
    super(`The cache answered ${status}`)
    this.status = status
  }
}

/** @throws RangeError unless all are paths of variants, without a query */
export function assertVariantPaths(paths: readonly string[]): void {
  if (!paths.every((path) => /^\/variants\/[\w./-]+$/.test(path) && !path.includes('..')))
    throw new RangeError('Not a variant path')
}

/** Without a time for the next try: the policy of the activity says when that is. */
export async function confirmed<Result>(target: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw new DarkroomError('unavailable', `${target} did not confirm.`, { cause: error })
  }
}

export interface Asking {
  /** Where the cache is; the address in the URLs is that of whatever clients reach. */
  origin: string
  fetchTimeoutMs: number
  /** What the cache asks for beside our own signature. */
  sign?: ((url: string) => string) | undefined
}

/** Asks a cache for one URL. */
export function askAt(
  { origin, fetchTimeoutMs, sign = (url) => url }: Asking,
  url: string,
  headers: Record<string, string>,
) {
  const { pathname, search } = new URL(url)
  const signal = AbortSignal.timeout(fetchTimeoutMs)
  return fetch(sign(`${origin}${pathname}${search}`), { headers, redirect: 'manual', signal })
}

/** Asks a cache for each URL, of a negotiated one for every answer that it may hold. */
export async function findServedAt(asking: Asking, urls: readonly string[]): Promise<ServedAnswer[]> {
  const served: ServedAnswer[] = []
  for (const url of urls) {
    const { pathname: path } = new URL(url)
    for (const headers of path.endsWith('.auto') ? NEGOTIATIONS : NEGOTIATIONS.slice(0, 1)) {
      const { status, body } = await askAt(asking, url, headers)
      await body?.cancel()
      if (status >= 500) throw new CacheAnswerError(status)
      if (REFUSED_STATUSES.has(status)) continue
      served.push({ path, status })
      break
    }
  }
  return served
}
