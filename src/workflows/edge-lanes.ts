import type { Lane, Lanes } from './lanes.ts'

/** An entry of an edge's deny table lasts an hour. */
const RENEW_MS = 30 * 60 * 1000

/** What an edge is to refuse: URLs below an epoch, and so many objects that are gone from storage. */
export interface Refused {
  minEpoch: number
  gone: number
}

export interface EdgeLanesOptions {
  lanes: Lanes
  /** Undefined while there is nothing to refuse. */
  wanted: () => Refused | undefined
  /** Has one edge refuse what is wanted now. @returns what it has confirmed */
  refuse: (edge: string) => Promise<Refused>
  /** While false, a denial must be renewed before it ends: the objects that it covers are still stored. */
  areObjectsGone: () => boolean
}

/** One lane an edge, so that one that is down holds up none of the others. */
export function openEdgeLanes({ lanes, wanted, refuse, areObjectsGone }: EdgeLanesOptions) {
  const edges = new Map<string, { lane: Lane; confirmed: Refused }>()
  const isDue = () => wanted() !== undefined && !areObjectsGone()

  function open(edge: string): Lane {
    const lane = lanes.open(
      async () => {
        edges.get(edge)!.confirmed = await refuse(edge)
      },
      { renew: { afterMs: RENEW_MS, isDue } },
    )
    edges.set(edge, { lane, confirmed: { minEpoch: 0, gone: 0 } })
    return lane
  }

  return {
    /** Wakes the lanes of these edges, by default of all that are known. */
    wake(names: readonly string[] = [...edges.keys()]): void {
      if (wanted() === undefined) return
      for (const edge of names) (edges.get(edge)?.lane ?? open(edge)).wake()
    },
    /** Whether every edge denies what is wanted now. */
    haveDenied: () =>
      [...edges.values()].every(({ confirmed }) => confirmed.minEpoch >= (wanted()?.minEpoch ?? 0)),
    areIdle: () => [...edges.values()].every(({ lane }) => lane.isIdle()),
    /** Whether every edge has confirmed all that is wanted now. */
    haveConfirmed: () =>
      [...edges.values()].every(
        ({ confirmed }) =>
          confirmed.minEpoch >= (wanted()?.minEpoch ?? 0) && confirmed.gone >= (wanted()?.gone ?? 0),
      ),
    /** A row of a table for each edge. */
    describe: () =>
      [...edges].map(
        ([edge, { lane, confirmed }]) =>
          `| ${edge} | ${lane.isIdle() ? '' : 'working, '}refuses below epoch ${confirmed.minEpoch} |`,
      ),
  }
}
