import { Command, InvalidArgumentError } from 'commander'
import { fewestRounds, runBenchmark, saveResult, type Benchmark } from './harness.ts'
import { report } from './report.ts'

/** Loaded when asked for, as most of them open servers. */
const BENCHMARKS: Record<string, () => Promise<Benchmark>> = {
  images: async () => (await import('./images.ts')).images,
  upload: async () => (await import('./upload.ts')).upload,
}

const names = Object.keys(BENCHMARKS)

const program = new Command('bench')
  .description(
    'Measures Darkroom beside references in the same run and prints ours, reference, ratio and goal.\n' +
      'Verified results are written to bench/results/<name>.json; docs/benchmarks.md explains them.',
  )
  .argument('[names...]', `which benchmarks to run, all by default: ${names.join(', ')}`)
  .option('-r, --rounds <count>', `rounds that count, at least ${fewestRounds}`, parseRounds, fewestRounds)
  .action(run)

async function run(asked: string[], { rounds }: { rounds: number }): Promise<void> {
  const unknown = asked.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    program.error(`no such benchmark: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  for (const name of asked.length > 0 ? asked : names) {
    try {
      const benchmark = await BENCHMARKS[name]!()
      const result = await runBenchmark(benchmark, { rounds, log: (line) => console.error(line) })
      await saveResult(result, new URL('results/', import.meta.url))
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
    throw new InvalidArgumentError(`a whole number from ${fewestRounds} on is needed`)
  }
  return rounds
}

await program.parseAsync()
