import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { describeMachine, type Machine } from './machine.ts'
import { median } from './statistics.ts'

/** One contender's figures of one round, by name: `{ photosPerCoreSecond: 12.3, msPerPhoto: 81 }`. */
export type Sample = Record<string, number>

export interface Contender {
  name: string
  /** How it was set up: the reference at its best sensible setting, in words. */
  setting: string
  measure(): Promise<Sample>
}

export interface Comparison {
  /** Key of the samples. */
  figure: string
  unit: string
  ours: string
  /** Without it, the figure is reported on its own. */
  reference?: string
  goal?: Goal
}

/** `ratio` is ours ÷ reference, `difference` ours − reference, `value` ours alone, each a median over the rounds. */
export interface Goal {
  of: 'ratio' | 'difference' | 'value'
  atLeast?: number
  atMost?: number
}

/** What verification found; a finding that does not hold voids the run. */
export interface Finding {
  what: string
  value: string
  holds: boolean
}

/** A benchmark with its services open. */
export interface Trial {
  /** Data sizes, server settings: what a reader needs to judge or repeat the run. */
  conditions: Record<string, string>
  /** Measured in this order, round by round: A B A B …, in the same process against the same services. */
  contenders: readonly Contender[]
  comparisons: readonly Comparison[]
  /** After the last round: are the results right (counts, membership, similarity)? */
  verify(): Promise<Finding[]>
  /** Closes what `open` opened; always called. */
  close(): Promise<void>
}

export interface Benchmark {
  name: string
  summary: string
  /** One round counts, as it is long and warms up by itself. */
  once?: boolean
  open(options: TrialOptions): Promise<Trial>
}

export interface TrialOptions {
  /** Small data, for trying a benchmark out. */
  quick: boolean
  /** How many followers the celebrity of a fanout has; each benchmark has its own default. */
  followers?: number
  /** How many photos are searched or indexed. */
  documents?: number
}

export interface Row {
  figure: string
  unit: string
  ours: { name: string; median: number }
  reference?: { name: string; median: number; ratio: number; ratioSpread: [lowest: number, highest: number] }
  goal?: Goal & { met: boolean }
}

export interface Result {
  name: string
  summary: string
  measuredAt: string
  machine: Machine
  conditions: Record<string, string>
  settings: Record<string, string>
  findings: Finding[]
  rows: Row[]
  /** Every round's samples by contender, so that the rows can be computed again. */
  rounds: Record<string, Sample>[]
}

export const fewestRounds = 5

/**
 * Runs a benchmark: one warm-up round that does not count, then `rounds` rounds of all contenders in turn, then
 * verification; of one that is measured once, a single round.
 *
 * @throws when verification fails: figures of wrong results are not figures
 */
export async function runBenchmark(
  benchmark: Benchmark,
  {
    rounds,
    quick = false,
    followers,
    documents,
    log,
  }: Partial<TrialOptions> & { rounds: number; log: (line: string) => void },
): Promise<Result> {
  if (rounds < fewestRounds && !quick)
    throw new RangeError(`At least ${fewestRounds} rounds are needed for a spread`)
  const loadBefore = loadavg()[0]!.toFixed(1)
  const trial = await benchmark.open({
    quick,
    ...(followers && { followers }),
    ...(documents && { documents }),
  })
  try {
    if (!benchmark.once) await runRound(trial)
    const samples: Record<string, Sample>[] = []
    const counting = benchmark.once ? 1 : rounds
    for (let round = 1; round <= counting; round++) {
      samples.push(await runRound(trial))
      log(`${benchmark.name}: round ${round} of ${counting}`)
    }
    const findings = await trial.verify()
    const wrong = findings.filter(({ holds }) => !holds)
    if (findings.length === 0 || wrong.length > 0) {
      const list = wrong.map(({ what, value }) => `${what}: ${value}`).join('; ')
      throw new Error(`${benchmark.name} does not count: ${list || 'nothing was verified'}`)
    }
    return {
      name: benchmark.name,
      summary: benchmark.summary,
      measuredAt: new Date().toISOString(),
      machine: describeMachine(),
      conditions: { ...trial.conditions, 'load average before the run': loadBefore },
      settings: Object.fromEntries(trial.contenders.map(({ name, setting }) => [name, setting])),
      findings,
      rows: trial.comparisons.map((comparison) => summarise(comparison, samples)),
      rounds: samples,
    }
  } finally {
    await trial.close()
  }
}

async function runRound({ contenders }: Trial): Promise<Record<string, Sample>> {
  const round: Record<string, Sample> = {}
  for (const contender of contenders) round[contender.name] = await contender.measure()
  return round
}

/** The ratio is the median of the rounds' own ratios, so that whatever slows a whole round cancels out. */
export function summarise(comparison: Comparison, rounds: readonly Record<string, Sample>[]): Row {
  const { figure, unit, goal } = comparison
  const valuesOf = (name: string) =>
    rounds.map((round) => {
      const value = round[name]?.[figure]
      if (value === undefined || !Number.isFinite(value)) throw new Error(`${name} gave no figure ${figure}`)
      return value
    })
  const ours = valuesOf(comparison.ours)
  const row: Row = { figure, unit, ours: { name: comparison.ours, median: median(ours) } }
  let judged = { ratio: NaN, difference: NaN, value: row.ours.median }
  if (comparison.reference) {
    const theirs = valuesOf(comparison.reference)
    const ratios = ours.map((value, i) => value / theirs[i]!)
    const ratio = median(ratios)
    const ratioSpread: [number, number] = [Math.min(...ratios), Math.max(...ratios)]
    row.reference = { name: comparison.reference, median: median(theirs), ratio, ratioSpread }
    judged = { ...judged, ratio, difference: median(ours.map((value, i) => value - theirs[i]!)) }
  }
  if (goal) row.goal = { ...goal, met: meets(judged[goal.of], goal) }
  return row
}

function meets(value: number, { atLeast = -Infinity, atMost = Infinity }: Goal): boolean {
  return value >= atLeast && value <= atMost
}

/** Writes `<folder>/<name>.json`. */
export async function saveResult(result: Result, folder: URL): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(`${result.name}.json`, folder), JSON.stringify(result, null, 2) + '\n')
}
