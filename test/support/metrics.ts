import { register } from 'prom-client'

interface Series {
  value: number
  labels: Record<string, string | number>
  /** Of a histogram: the metric's name with `_bucket`, `_sum` or `_count`. */
  metricName?: string
}

/**
 * What the process's registry holds of a metric, summed over the series with these labels; of a histogram the `_sum` or
 * `_count` of its name.
 */
export async function measured(series: string, labels: Record<string, string> = {}): Promise<number> {
  const name = register.getSingleMetric(series) ? series : series.replace(/_(sum|count)$/, '')
  const metric = register.getSingleMetric(name)
  if (!metric) throw new Error(`${series} is not registered`)
  const { values } = (await metric.get()) as { values: Series[] }
  return values
    .filter(({ metricName = name }) => metricName === series)
    .filter((of) => Object.entries(labels).every(([label, value]) => of.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}
