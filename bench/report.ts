import type { Goal, Result, Row } from './harness.ts'

/** The result as Markdown, for the terminal and for docs/benchmarks.md alike. */
export function report(result: Result): string {
  const { machine } = result
  return [
    `### ${result.name}`,
    '',
    result.summary,
    '',
    ...table([
      ['figure', 'ours', 'reference', 'ratio (lowest – highest)', 'goal'],
      ...result.rows.map((row) => cells(row)),
    ]),
    '',
    `${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, Node ${machine.node.replace(/^v/, '')}. ` +
      (result.rounds.length === 1 ? 'One round.' : `${result.rounds.length} rounds in turn, medians.`),
    '',
    ...Object.entries({ ...result.conditions, ...result.settings }).map(
      ([name, text]) => `- ${name}: ${text}`,
    ),
    ...result.findings.map(({ what, value }) => `- verified, ${what}: ${value}`),
    '',
  ].join('\n')
}

function cells({ unit, ours, reference, goal }: Row): string[] {
  return [
    unit,
    `${ours.name}: ${number(ours.median)}`,
    reference ? `${reference.name}: ${number(reference.median)}` : '–',
    reference ? `${number(reference.ratio)} (${reference.ratioSpread.map(number).join(' – ')})` : '–',
    goal ? `${goalText(goal)}: ${goal.met ? 'met' : 'MISSED'}` : '–',
  ]
}

function goalText({ of, atLeast, atMost }: Goal): string {
  const bounds = [atLeast !== undefined && `≥ ${atLeast}`, atMost !== undefined && `≤ ${atMost}`].filter(
    Boolean,
  )
  return `${of} ${bounds.join(' and ')}`
}

/** Three significant digits, whole numbers from 100 on. */
function number(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)))
}

function table(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(rows[0]!), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)]
}
