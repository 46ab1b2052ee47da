import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { FanoutProgress, FanoutState, FanoutWork, ShardProgress } from '../../contracts/photo-fanout.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

/**
 * Tracks where a fanout stands and shows it in the query, the search attribute and the details in the Web UI.
 * @param read the current work (fanout-work.ts)
 */
export function trackFanout(read: () => FanoutWork | undefined, paused: boolean) {
  let state: FanoutState = 'planning'
  let told: FanoutState = 'planning'
  let failures: number[] = []
  let retrying = new Set<number>()

  function stage(): FanoutState {
    return paused && (state === 'pushing' || state === 'collecting') ? 'paused' : state
  }
  function show(): void {
    if (told !== stage()) {
      told = stage()
      upsertSearchAttributes([{ key: stageAttribute, value: told }])
    }
    setCurrentDetails(describe(get()))
  }
  function get(): FanoutProgress {
    const work = read()
    const ranges = work?.ranges ?? []
    const followersSeen = sum(ranges.map(({ position }) => position.followersSeen))
    return {
      state: stage(),
      followers: Math.max(work?.plan.followers ?? 0, followersSeen),
      followersSeen,
      delivered: sum(ranges.map(({ position }) => position.feedsWritten)),
      shards: ranges.length > 1 ? ranges.map((range, shard) => shardOf(range, shard)) : [],
    }
  }
  function shardOf({ position, done }: FanoutWork['ranges'][number], shard: number): ShardProgress {
    return {
      shard,
      state: done ? 'done' : retrying.has(shard) ? 'retrying' : 'running',
      followersSeen: position.followersSeen,
      delivered: position.feedsWritten,
      failures: failures[shard] ?? 0,
    }
  }

  return {
    get,
    show,
    isPaused: () => paused,
    setPaused(now: boolean): void {
      paused = now
      show()
    },
    /** Forgets earlier failures, which no longer matter when the work starts over. */
    forgetFailures(): void {
      failures = []
      retrying = new Set()
    },
    /** Shows that the current work is being carried out: pushing or collecting. */
    follow(): void {
      state = read()?.plan.desired === 'collect' ? 'collecting' : 'pushing'
      show()
    },
    reach(next: FanoutState): FanoutProgress {
      state = next
      show()
      return get()
    },
    shardFailed(shard: number): void {
      failures[shard] = (failures[shard] ?? 0) + 1
      retrying.add(shard)
      show()
    },
    shardStarted(shard: number): void {
      if (retrying.delete(shard)) show()
    },
  }
}
export type FanoutTracker = ReturnType<typeof trackFanout>

function describe({ state, followers, followersSeen, delivered, shards }: FanoutProgress): string {
  const rows = shards.map(
    (shard) =>
      `| ${shard.shard} | ${shard.state} | ${shard.followersSeen} | ${shard.delivered} | ${shard.failures} |`,
  )
  const table =
    rows.length > 0
      ? ['', '| shard | state | seen | feeds | failures |', '|---|---|---|---|---|', ...rows]
      : []
  return [`**${state}**: ${followersSeen} of ${followers} followers, ${delivered} feeds`, ...table].join('\n')
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
