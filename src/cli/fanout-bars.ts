import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { FanoutProgress } from '../contracts/photo-fanout.ts'

export interface FanoutBars {
  show(progress: FanoutProgress): void
  stop(): void
}

/** A bar for the whole and, where there are shards, one for each; without a terminal, a line whenever it has moved. */
export function openFanoutBars(): FanoutBars {
  return process.stdout.isTTY ? barsOnTerminal() : linesOnPipe()
}

function barsOnTerminal(): FanoutBars {
  const bars = new MultiBar(
    {
      format: '{name} {bar} {percentage}% {value}/{total} followers, {feeds} feeds, {state}',
      hideCursor: true,
    },
    Presets.shades_classic,
  )
  const byName = new Map<string, SingleBar>()
  const showOne = (name: string, total: number, value: number, payload: { feeds: number; state: string }) => {
    const values = { name: name.padEnd(9), ...payload }
    const bar = byName.get(name) ?? bars.create(total, value, values)
    byName.set(name, bar)
    bar.setTotal(Math.max(total, 1))
    bar.update(value, values)
  }
  return {
    show({ state, followers, followersSeen, delivered, shards }) {
      showOne('followers', followers, followersSeen, { feeds: delivered, state })
      for (const { shard, ...one } of shards) {
        // The size of a shard is known once it is done; until then, assume an even share.
        const share = one.state === 'done' ? one.followersSeen : Math.ceil(followers / shards.length)
        const payload = { feeds: one.delivered, state: one.state }
        showOne(`shard ${shard}`, Math.max(share, one.followersSeen), one.followersSeen, payload)
      }
    },
    stop: () => bars.stop(),
  }
}

function linesOnPipe(): FanoutBars {
  let before = ''
  return {
    show({ state, followers, followersSeen, delivered, shards }) {
      const done = shards.filter((shard) => shard.state === 'done').length
      const ofShards = shards.length > 0 ? `, ${done} of ${shards.length} shards done` : ''
      const line = `${state}: ${followersSeen} of ${followers} followers, ${delivered} feeds${ofShards}`
      if (line !== before) process.stdout.write(`${line}\n`)
      before = line
    },
    stop() {},
  }
}
