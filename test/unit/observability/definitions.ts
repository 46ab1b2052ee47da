import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const root = join(import.meta.dirname, '..', '..', '..')

export interface Alert {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

export interface Panel {
  id: number
  type: string
  title: string
  gridPos: { h: number; w: number; x: number; y: number }
  targets?: { expr: string }[]
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every alert of observability/prometheus/alerts.yml. */
export function alerts(): Alert[] {
  const { groups } = parse(read('observability/prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** Every panel of observability/grafana/darkroom.json. */
export function panels(): Panel[] {
  return (JSON.parse(read('observability/grafana/darkroom.json')) as { panels: Panel[] }).panels
}

/** Every expression of alerts and dashboard, with where it is. */
export function expressions(): [place: string, expression: string][] {
  return [
    ...alerts().map(({ alert, expr }): [string, string] => [`alert ${alert}`, expr]),
    ...panels().flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }): [string, string] => [`panel ${title}`, expr]),
    ),
  ]
}
