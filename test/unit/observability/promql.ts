import { parser } from '@prometheus-io/lezer-promql'

/** A metric that an expression selects, and the labels that it is selected by. */
interface Selected {
  metric: string
  labels: string[]
}

export interface ParsedExpression {
  selected: Selected[]
  /** Labels named in `by (…)` and `without (…)`. */
  grouping: string[]
}

/** Grafana's variables in the place of a duration. */
const GRAFANA_DURATION = /\$__(rate_)?interval/g

/**
 * What a PromQL expression asks for, by Prometheus' own grammar.
 * @throws Error naming the place of a syntax error
 */
export function parsePromql(expression: string): ParsedExpression {
  const text = expression.replace(GRAFANA_DURATION, '5m')
  const selected: Selected[] = []
  const grouping: string[] = []
  parser.parse(text).iterate({
    enter({ node, type, from, to }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${text}`)
      if (type.name === 'VectorSelector') {
        const name = node.getChild('Identifier')
        if (!name) throw new Error(`a selector without a metric: ${text}`)
        selected.push({ metric: text.slice(name.from, name.to), labels: [] })
      }
      if (type.name !== 'LabelName') return
      const label = text.slice(from, to)
      if (node.parent?.type.name === 'GroupingLabels') grouping.push(label)
      else selected.at(-1)?.labels.push(label)
    },
  })
  return { selected, grouping }
}
