import { VERDICTS, type Verdict } from '../../domain/screening.ts'

/** A file that is no accepted picture has no verdict. */
type Outcome = Verdict | 'unreadable'

const OUTCOMES: readonly Outcome[] = [...VERDICTS, 'unreadable']

/** Counts which verdicts the pictures of each label got. */
export function openConfusion() {
  const rows = new Map<string, Record<Outcome, number>>()
  return {
    count(label: string, outcome: Outcome): void {
      const row = rows.get(label) ?? { allow: 0, limit: 0, quarantine: 0, unreadable: 0 }
      row[outcome]++
      rows.set(label, row)
    },
    /** A line for each label; with labels that are named as verdicts, also how many pictures got their own. */
    table(): string {
      const lines = [['label', ...OUTCOMES, 'files']]
      for (const [label, row] of rows) {
        const counts = OUTCOMES.map((outcome) => row[outcome])
        lines.push([label, ...counts.map(String), String(sum(counts))])
      }
      const known = VERDICTS.filter((verdict) => rows.has(verdict))
      const all = sum(known.flatMap((label) => OUTCOMES.map((outcome) => rows.get(label)![outcome])))
      const right = sum(known.map((label) => rows.get(label)![label]))
      const share = known.length > 0 ? [`${right} of ${all} as labelled`] : []
      return [...aligned(lines), ...share].join('\n')
    },
  }
}

function aligned(lines: string[][]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
