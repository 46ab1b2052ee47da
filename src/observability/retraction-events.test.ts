import { register } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { measureRefusal } from './retraction-events.ts'

const START = Date.UTC(2026, 0, 1)
const refusal = (key: string) => ({ key, step: 'prove' as const, since: START })
const failing = () => Promise.reject(new Error('edge down'))

/** The only series of a gauge, or that of a label. */
async function valueOf(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const { values } = await register.getSingleMetric(name)!.get()
  return values.find((value) => Object.entries(labels).every(([label, is]) => value.labels[label] === is))
    ?.value
}

describe('refusals that edges must confirm', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START })
    register.resetMetrics()
  })
  afterEach(() => vi.useRealTimers())

  it('are pending from the first failure until all edges confirm', async () => {
    expect(await valueOf('darkroom_edge_refusals_pending')).toBe(0)
    vi.setSystemTime(START + 10_000)
    await expect(measureRefusal(refusal('one'), failing)).rejects.toThrow('edge down')
    await expect(measureRefusal(refusal('two'), failing)).rejects.toThrow('edge down')
    expect(await valueOf('darkroom_edge_refusals_pending')).toBe(2)
    expect(await valueOf('darkroom_edge_refusal_oldest_seconds')).toBe(10)
    expect(await valueOf('darkroom_edge_refusal_failures_total', { step: 'prove' })).toBe(2)

    vi.setSystemTime(START + 40_000)
    expect(await measureRefusal(refusal('one'), () => Promise.resolve('confirmed'))).toBe('confirmed')
    await measureRefusal(refusal('two'), () => Promise.resolve())
    expect(await valueOf('darkroom_edge_refusals_pending')).toBe(0)
    expect(await valueOf('darkroom_edge_refusal_oldest_seconds')).toBe(0)
    const { values } = await register.getSingleMetric('darkroom_edge_refusal_seconds')!.get()
    const series = values as { metricName?: string; value: number }[]
    expect(series.find(({ metricName }) => metricName?.endsWith('_sum'))?.value).toBe(80)
  })

  it('are forgotten once another worker has taken over', async () => {
    await expect(measureRefusal(refusal('gone'), failing)).rejects.toThrow('edge down')
    vi.setSystemTime(START + 119_000)
    expect(await valueOf('darkroom_edge_refusals_pending')).toBe(1)
    vi.setSystemTime(START + 121_000)
    expect(await valueOf('darkroom_edge_refusals_pending')).toBe(0)
  })
})
