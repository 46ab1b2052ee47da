import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { register, Registry } from 'prom-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { createHttpMetrics } from '../../../src/api/metrics.ts'
import { collectProcessMetrics } from '../../../src/observability/metrics-server.ts'
import { alerts, expressions, panels, root } from './definitions.ts'
import { parsePromql } from './promql.ts'

/** Set by Prometheus itself or by prometheus.yml. */
const TARGET_LABELS = ['job', 'instance', 'process', 'le']
/** Metrics of Prometheus itself. */
const BUILT_IN = new Map([['up', TARGET_LABELS]])
/** Labels of Temporal's runtime; operations/worker-metrics.test.ts looks for its metrics in a running worker. */
const TEMPORAL_LABELS = ['task_queue', 'activity_type', 'workflow_type', 'worker_type', 'namespace']

/** Series name → labels, for everything that the code registers. */
const registered = new Map<string, readonly string[]>(BUILT_IN)

beforeAll(async () => {
  const folder = join(root, 'src', 'observability')
  for (const file of readdirSync(folder).filter((name) => name.endsWith('-events.ts'))) {
    await import(join(folder, file))
  }
  collectProcessMetrics()
  const all = Registry.merge([createHttpMetrics().registry, register])
  for (const metric of all.getMetricsAsArray()) {
    const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: string[] }
    const labels = [...labelNames, ...TARGET_LABELS]
    const isHistogram = metric.constructor.name === 'Histogram'
    for (const suffix of isHistogram ? ['_bucket', '_sum', '_count'] : [''])
      registered.set(name + suffix, labels)
  }
})

describe('alerts and dashboard', () => {
  it.each(expressions())('%s: names only what the code registers', (_, expression) => {
    const { selected, grouping } = parsePromql(expression)
    expect(selected).not.toHaveLength(0)
    const known = new Set<string>()
    for (const { metric, labels } of selected) {
      const own = metric.startsWith('temporal_')
        ? [...TEMPORAL_LABELS, ...TARGET_LABELS]
        : registered.get(metric)
      expect(own, `${metric} is registered`).toBeDefined()
      expect(own).toEqual(expect.arrayContaining(labels))
      for (const label of own!) known.add(label)
    }
    expect([...known]).toEqual(expect.arrayContaining(grouping))
  })

  it.each(expressions())('%s: takes quantiles of buckets and rates of counters', (_, expression) => {
    if (expression.includes('histogram_quantile(')) expect(expression).toMatch(/_bucket\b/)
    for (const [, metric] of expression.matchAll(/(?:rate|increase)\((\w+)/g)) {
      if (!metric!.startsWith('temporal_')) expect(metric).toMatch(/_(total|bucket|count|sum)$/)
    }
  })

  it('include a panel for every metric of our own', () => {
    const shown = new Set(
      panels().flatMap(({ targets = [] }) =>
        targets.flatMap(({ expr }) => parsePromql(expr).selected.map(({ metric }) => baseOf(metric))),
      ),
    )
    const own = [...registered.keys()]
      .map(baseOf)
      .filter((name) => name.startsWith('darkroom_') && !/^darkroom_(api|worker)_/.test(name))
    expect([...new Set(own)].filter((name) => !shown.has(name))).toEqual([])
  })

  const baseOf = (series: string) => series.replace(/_(bucket|sum|count)$/, '')
})

describe('the documents', () => {
  const documents = ['docs/service-levels.md', 'docs/runbooks/alerts.md', 'observability/README.md']
  const registeredNames = () => new Set([...registered.keys()].flatMap((name) => [name, baseOf(name)]))
  const baseOf = (series: string) => series.replace(/_(bucket|sum|count)$/, '')

  it.each(documents)('%s: names only metrics that exist', (path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const named = [...text.matchAll(/\bdarkroom_[a-z_]*[a-z]\b(?!\*)/g)].map(([name]) => name)
    expect(named.filter((name) => !registeredNames().has(name))).toEqual([])
  })

  it('service-levels.md: names every alert, and only those that exist', () => {
    const text = readFileSync(join(root, 'docs/service-levels.md'), 'utf8')
    const cells = [...text.matchAll(/^\|.*\|\s*([A-Z]\w+(?:, [A-Z]\w+)*)\s*\|$/gm)]
    const named = new Set(cells.flatMap(([, cell]) => cell!.split(', ')))
    const known = alerts().map(({ alert }) => alert)
    expect([...named].filter((name) => !known.includes(name))).toEqual([])
    // These alerts belong to no promise of their own.
    const others = ['FeedRebuildStorm', 'ProcessDown']
    expect(known.filter((name) => !named.has(name) && !others.includes(name))).toEqual([])
  })
})

describe('alerts.yml', () => {
  it('names every alert once', () => {
    const names = alerts().map(({ alert }) => alert)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(alerts().map((alert) => [alert.alert, alert] as const))(
    '%s: states what, how bad and what to do',
    (_, it) => {
      expect(it.labels.severity).toMatch(/^(critical|warning)$/)
      expect(it.annotations.summary).toMatch(/\w+ \w+/)
      expect(it.annotations.description).toMatch(/\w+ \w+/)
      const [file, anchor] = (it.annotations.runbook ?? '').split('#')
      const headings = readFileSync(join(root, file!), 'utf8').matchAll(/^#+ (.+)$/gm)
      expect([...headings].map(([, heading]) => anchorOf(heading!))).toContain(anchor)
    },
  )

  /** The anchor of a heading, as Markdown renderers make it. */
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
})

describe('darkroom.json', () => {
  it('has distinct panels that do not overlap', () => {
    const all = panels()
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})
