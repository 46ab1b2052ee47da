import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import type { ShardReached } from '../../contracts/fanout-shard.ts'
import type { FanoutProgress, FanoutState, FanoutWork, ShardProgress } from '../../contracts/photo-fanout.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

/** Where a fanout stands: told by the query, the search attribute and the details in the Web UI alike. */
export function trackFanout(paused: boolean) {
  let state: FanoutState = 'planning'
  let told: FanoutState = 'planning'
  let work: FanoutWork | undefined
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
    /** What this run last set out to do. */
    task: () => work?.plan.desired,
    setPaused(now: boolean): void {
      paused = now
      show()
    },
    /** What is shown from here on. */
    follow(next: FanoutWork): void {
      if (work?.ranges !== next.ranges) {
        failures = []
        retrying = new Set()
      }
      work = next
      state = next.plan.desired === 'push' ? 'pushing' : 'collecting'
      show()
    },
    reach(next: FanoutState): FanoutProgress {
      state = next
      show()
      return get()
    },
    /** What a shard says while it runs; what one of an earlier plan said comes too late. */
    shardReached({ shard, version, position }: ShardReached): void {
      const range = work?.ranges[shard]
      if (!range || work?.plan.version !== version || position.followersSeen <= range.position.followersSeen)
        return
      range.position = position
      show()
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
