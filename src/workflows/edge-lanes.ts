import { condition } from '@temporalio/workflow'
import type { Lane, Lanes } from './lanes.ts'

/** An entry of an edge's deny table lasts an hour. */
const RENEW_MS = 30 * 60 * 1000

/** How long a cache in front of the edges waits for them: emptied before they refuse, it would fill again. */
const EDGES_FIRST_MS = 5_000

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

/**
 * One lane an edge, so that one that is down holds up none of the others, and one for each cache in front of them. Such a front
 * is emptied once the edges refuse, or soon in any case; and again if an edge has confirmed something since that began, as it may
 * have asked that one meanwhile.
 */
export function openEdgeLanes({ lanes, wanted, refuse, areObjectsGone }: EdgeLanesOptions) {
  type Opened = Map<string, { lane: Lane; confirmed: Refused }>
  const edges: Opened = new Map()
  const fronts: Opened = new Map()
  const all = () => [...edges, ...fronts]
  const areIdle = (opened: Opened) => [...opened.values()].every(({ lane }) => lane.isIdle())
  let confirmations = 0
  const covers = ({ minEpoch, gone }: Refused) =>
    minEpoch >= (wanted()?.minEpoch ?? 0) && gone >= (wanted()?.gone ?? 0)
  const isDue = () => wanted() !== undefined && !areObjectsGone()

  function openEdge(edge: string): Lane {
    const lane = lanes.open(
      async () => {
        edges.get(edge)!.confirmed = await refuse(edge)
        confirmations++
        for (const { lane } of fronts.values()) lane.wake()
      },
      { renew: { afterMs: RENEW_MS, isDue } },
    )
    edges.set(edge, { lane, confirmed: { minEpoch: 0, gone: 0 } })
    return lane
  }

  function openFront(front: string): Lane {
    let emptiedAfter = -1
    const lane = lanes.open(async () => {
      await condition(() => areIdle(edges), EDGES_FIRST_MS)
      const state = fronts.get(front)!
      if (emptiedAfter === confirmations && covers(state.confirmed)) return
      emptiedAfter = confirmations
      state.confirmed = await refuse(front)
    })
    fronts.set(front, { lane, confirmed: { minEpoch: 0, gone: 0 } })
    return lane
  }

  return {
    /** Wakes the lanes of these edges and fronts, by default of all that are known. */
    wake(
      edgeNames: readonly string[] = [...edges.keys()],
      frontNames: readonly string[] = [...fronts.keys()],
    ): void {
      if (wanted() === undefined) return
      for (const edge of edgeNames) (edges.get(edge)?.lane ?? openEdge(edge)).wake()
      for (const front of frontNames) (fronts.get(front)?.lane ?? openFront(front)).wake()
    },
    /** Whether every edge denies what is wanted now. */
    haveDenied: () =>
      [...edges.values()].every(({ confirmed }) => confirmed.minEpoch >= (wanted()?.minEpoch ?? 0)),
    areIdle: () => areIdle(edges) && areIdle(fronts),
    /** Whether every edge and front has confirmed all that is wanted now. */
    haveConfirmed: () => all().every(([, { confirmed }]) => covers(confirmed)),
    /** A row of a table for each of them. */
    describe: () =>
      all().map(
        ([name, { lane, confirmed }]) =>
          `| ${name} | ${lane.isIdle() ? '' : 'working, '}refuses below epoch ${confirmed.minEpoch} |`,
      ),
  }
}
