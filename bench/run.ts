import { Command, InvalidArgumentError } from 'commander'
import { fewestRounds, runBenchmark, saveResult, type Benchmark } from './harness.ts'
import { report } from './report.ts'

/** Loaded on demand, as most of them open servers. */
const BENCHMARKS: Record<string, () => Promise<Benchmark>> = {
  images: async () => (await import('./images.ts')).images,
  isolation: async () => (await import('./isolation.ts')).isolation,
  fanout: async () => (await import('./fanout.ts')).fanout,
  'fanout-peer': async () => (await import('./fanout-peer.ts')).fanoutPeer,
  'fanout-visible': async () => (await import('./fanout-visible.ts')).fanoutVisible,
  events: async () => (await import('./events.ts')).events,
  feed: async () => (await import('./feed.ts')).feed,
  likes: async () => (await import('./likes.ts')).likes,
  thumbs: async () => (await import('./thumbs.ts')).thumbs,
  cdn: async () => (await import('./cdn.ts')).cdn,
  upload: async () => (await import('./upload.ts')).upload,
  index: async () => (await import('./index-documents.ts')).index,
  burst: async () => (await import('./burst.ts')).burst,
  search: async () => (await import('./search.ts')).search,
  export: async () => (await import('./exports.ts')).exportOfAccount,
  moderation: async () => (await import('./moderation.ts')).moderation,
}

const names = Object.keys(BENCHMARKS)

const program = new Command('bench')
  .description(
    'Measures Darkroom beside references in the same run and prints our figure, the reference, ratio and goal.\n' +
      'Verified results are written to bench/results/<name>.json; docs/benchmarks.md explains them.',
  )
  .argument('[names...]', `which benchmarks to run, all by default: ${names.join(', ')}`)
  .option('-r, --rounds <count>', `rounds that count, at least ${fewestRounds}`, parseRounds, fewestRounds)
  .option('-q, --quick', 'small data and two rounds, to try a benchmark out; writes no results', false)
  .option('-f, --followers <count>', 'followers of the celebrity in the fanout benchmarks', parseFollowers)
  .option('-d, --documents <count>', 'photos in the search, index and export benchmarks', parseDocuments)
  .action(run)

const quickRounds = 2
/** Followers of the smallest of three authors; each has ten times the followers of the one before. */
const fewestFollowers = 10_000
const fewestDocuments = 1_000

interface Options {
  rounds: number
  quick: boolean
  followers?: number
  documents?: number
}

async function run(asked: string[], { rounds, quick, followers, documents }: Options): Promise<void> {
  const unknown = asked.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    program.error(`no such benchmark: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  for (const name of asked.length > 0 ? asked : names) {
    try {
      const benchmark = await BENCHMARKS[name]!()
      const result = await runBenchmark(benchmark, {
        rounds: quick ? quickRounds : rounds,
        quick,
        ...(followers && { followers }),
        ...(documents && { documents }),
        log: (line) => console.error(line),
      })
      if (!quick) await saveResult(result, new URL('results/', import.meta.url))
      console.log(report(result))
    } catch (error) {
      console.error(`${name} failed:`, error)
      process.exitCode = 1
    }
  }
}

function parseRounds(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < fewestRounds) {
    throw new InvalidArgumentError(`must be a whole number of at least ${fewestRounds}`)
  }
  return rounds
}

function parseFollowers(text: string): number {
  const followers = Number(text)
  if (!Number.isInteger(followers) || followers < fewestFollowers) {
    throw new InvalidArgumentError(`must be a whole number of at least ${fewestFollowers}`)
  }
  return followers
}

function parseDocuments(text: string): number {
  const documents = Number(text)
  if (!Number.isInteger(documents) || documents < fewestDocuments)
    throw new InvalidArgumentError(`must be a whole number of at least ${fewestDocuments}`)
  return documents
}

await program.parseAsync()
