import { describe, expect, it } from 'vitest'
import { runBenchmark, summarise } from '../../bench/harness.ts'
import type { Finding, Trial } from '../../bench/harness.ts'
import { startCpuMeter } from '../../bench/machine.ts'
import { photoJpeg } from '../../bench/photo.ts'
import { report } from '../../bench/report.ts'
import { ssim } from '../../bench/ssim.ts'
import { median, percentile } from '../../bench/statistics.ts'
import { sharp } from '../../src/infra/image/sharp.ts'

function trial(findings: Finding[], calls: string[] = []): Trial {
  let round = 0
  const contender = (name: string, rate: () => number) => ({
    name,
    setting: 'as it comes',
    measure: () => {
      calls.push(name)
      return Promise.resolve({ rate: rate() })
    },
  })
  return {
    conditions: { rows: '10' },
    contenders: [contender('A', () => 10 * ++round), contender('B', () => 5 * round)],
    comparisons: [
      { figure: 'rate', unit: 'rows/s', ours: 'A', reference: 'B', goal: { of: 'ratio', atLeast: 3 } },
      { figure: 'rate', unit: 'rows/s', ours: 'A', goal: { of: 'value', atMost: 40 } },
    ],
    verify: () => Promise.resolve(findings),
    close: () => {
      calls.push('closed')
      return Promise.resolve()
    },
  }
}

const run = (opened: Trial, rounds = 5) =>
  runBenchmark(
    { name: 'sample', summary: 'A sample.', open: () => Promise.resolve(opened) },
    { rounds, log: () => {} },
  )

describe('runBenchmark', () => {
  it('alternates, skips the warm-up and judges goals by medians', async () => {
    const calls: string[] = []
    const result = await run(trial([{ what: 'rows', value: '10', holds: true }], calls))
    expect(calls.join(' ')).toBe('A B '.repeat(6) + 'closed')
    expect(result.rounds.map((round) => round['A']!.rate)).toEqual([20, 30, 40, 50, 60])
    expect(result.rows).toEqual([
      {
        figure: 'rate',
        unit: 'rows/s',
        ours: { name: 'A', median: 40 },
        reference: { name: 'B', median: 20, ratio: 2, ratioSpread: [2, 2] },
        goal: { of: 'ratio', atLeast: 3, met: false },
      },
      {
        figure: 'rate',
        unit: 'rows/s',
        ours: { name: 'A', median: 40 },
        goal: { of: 'value', atMost: 40, met: true },
      },
    ])
    expect(report(result)).toContain('ratio ≥ 3: MISSED')
  })

  it('gives no result without a valid finding, and closes anyway', async () => {
    for (const findings of [[{ what: 'rows', value: '9', holds: false }], []]) {
      const calls: string[] = []
      await expect(run(trial(findings, calls))).rejects.toThrow(/does not count/)
      expect(calls.at(-1)).toBe('closed')
    }
  })

  it('refuses fewer rounds than a spread needs', async () => {
    await expect(run(trial([]), 4)).rejects.toThrow(RangeError)
  })
})

it('summarise takes the median of the ratios, not the ratio of the medians', () => {
  const rounds = [1, 2, 100].map((a, i) => ({ A: { ms: a }, B: { ms: [1, 4, 50][i]! } }))
  const { reference } = summarise({ figure: 'ms', unit: 'ms', ours: 'A', reference: 'B' }, rounds)
  expect(reference).toMatchObject({ ratio: 1, ratioSpread: [0.5, 2], median: 4 })
  expect(() => summarise({ figure: 's', unit: 's', ours: 'A' }, rounds)).toThrow(/no figure s/)
})

it('computes medians and percentiles, and refuses an empty list', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
  expect([0, 0.5, 0.99, 1].map((p) => percentile(hundred, p))).toEqual([1, 50, 99, 100])
  expect(() => median([])).toThrow(RangeError)
})

it('similarity is 1 for the same image and falls with every loss', async () => {
  const photo = await photoJpeg(320, 240)
  const [good, poor] = await Promise.all([80, 10].map((quality) => sharp(photo).jpeg({ quality }).toBuffer()))
  const similarities = [await ssim(photo, photo), await ssim(photo, good!), await ssim(photo, poor!)]
  expect(similarities[0]).toBeCloseTo(1, 10)
  expect([...similarities].sort((a, b) => b - a)).toEqual(similarities)
  expect(similarities[2]).toBeLessThan(0.9)
  await expect(ssim(photo, await sharp(photo).resize(100).jpeg().toBuffer())).rejects.toThrow(/compared/)
})

it('the same seed produces the same photo', async () => {
  expect((await photoJpeg(64, 48)).equals(await photoJpeg(64, 48))).toBe(true)
  expect((await photoJpeg(64, 48)).equals(await photoJpeg(64, 48, { seed: 2 }))).toBe(false)
})

it('measures the processor time of some work', () => {
  const cpuSeconds = startCpuMeter([process.pid])
  const before = process.cpuUsage()
  while (process.cpuUsage(before).user < 60_000);
  expect(cpuSeconds()).toBeGreaterThan(0.01)
})
