import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'

/**
 * What an edge denies: a photo, every photo of an account, those of its photos that are not public, or whatever was issued
 * through a share link (its epoch is 0).
 */
export type DenySubject =
  { photoId: PhotoId } | { userId: UserId } | { audienceOf: UserId } | { linkId: LinkId }

/** How a cache answered one URL. Holds the path only: signatures stay out of logs and histories. */
export interface ServedAnswer {
  path: string
  status: number
}

/** A cache that a retraction empties and asks for proof. All methods throw DarkroomError `unavailable` unless it confirmed. */
export interface CacheTarget {
  /** What names it in workflows, logs and task queues. */
  name: string
  /**
   * Drops what is cached under the paths (`/variants/…`, no query). The next request asks what is behind the cache, so deny
   * there or delete the objects first.
   * @returns the paths under which something was cached, as far as the cache tells
   */
  purge(paths: readonly string[]): Promise<string[]>
  /**
   * Asks for every URL as clients would. Refused means 403, 404 or 410; no answer and a 5xx prove nothing.
   * @returns those that are still served; none proves that all are refused
   */
  findServed(urls: readonly string[]): Promise<ServedAnswer[]>
}

/** One of our edges: it also knows what it must not serve, cached or not. */
export interface EdgeTarget extends CacheTarget {
  /**
   * Once it returns, the edge refuses URLs of the subject with an access epoch below `minEpoch`, also after a restart, for an
   * hour: time to delete and purge what they point to. Never lowers an earlier minimum.
   *
   * @throws RangeError for an id or epoch that no edge would take
   */
  deny(subject: DenySubject, minEpoch: number): Promise<void>
  /** Whether the edge refuses this URL, which it would not refuse otherwise, because of an entry of its deny table. */
  denies(url: string): Promise<boolean>
}

/**
 * The edges and the caches in front of them, each on its own: a caller that needs all of them asks one after the other or
 * side by side, so that one that is down holds up none of the others. Each method takes one by its name and
 * @throws DarkroomError `unavailable` unless it confirmed; safe to repeat
 */
export interface Cdn {
  edges: readonly string[]
  /** Caches in front of the edges, which have no deny table: purged and proven once the edges behind them refuse. */
  fronts: readonly string[]
  deny(edge: string, ...what: Parameters<EdgeTarget['deny']>): Promise<void>
  purge(target: string, paths: readonly string[]): Promise<string[]>
  findServed(target: string, urls: readonly string[]): Promise<ServedAnswer[]>
  denies(edge: string, url: string): Promise<boolean>
}

/** @throws RangeError without an edge, or if two have one name */
export function createCdn(edges: readonly EdgeTarget[], fronts: readonly CacheTarget[] = []): Cdn {
  const targets = new Map([...edges, ...fronts].map((target) => [target.name, target]))
  if (edges.length === 0) throw new RangeError('No CDN edge is configured')
  if (targets.size < edges.length + fronts.length) throw new RangeError('Two CDN targets have one name')
  const edgeNamed = new Map(edges.map((edge) => [edge.name, edge]))

  return {
    edges: [...edgeNamed.keys()],
    fronts: fronts.map(({ name }) => name),
    deny: async (edge, subject, minEpoch) => named(edgeNamed, edge).deny(subject, minEpoch),
    purge: async (target, paths) => named(targets, target).purge(paths),
    findServed: async (target, urls) => named(targets, target).findServed(urls),
    denies: async (edge, url) => named(edgeNamed, edge).denies(url),
  }
}

function named<Target>(targets: ReadonlyMap<string, Target>, name: string): Target {
  const target = targets.get(name)
  // A workflow may name one that has been taken out of the settings since: it waits in a queue that nobody serves.
  if (!target) throw new RangeError('No such CDN target is configured')
  return target
}
