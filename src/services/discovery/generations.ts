import { DarkroomError } from '../../domain/errors.ts'
import type { ListRead } from '../lists/list-read.ts'

/** What a run ranked stays for so long, for the walks that began with it. */
export const KEPT_HOURS = 2

export const MS_PER_HOUR = 3_600_000
export const MS_PER_DAY = 24 * MS_PER_HOUR

/** The ranking that a walk began with, in ms since 1970, and the last place that it saw. */
export interface Walk {
  generation: number
  place: number
}

const POSITION = ['number', 'number'] as const

// Plan: one probe of the primary key, or its last entry.
const statementOf = (table: string) => ({
  name: `generation-${table}`,
  text: `SELECT generation FROM ${table} WHERE $1::bigint IS NULL OR generation = $1 ORDER BY generation DESC LIMIT 1`,
})
const STATEMENTS = { explore: statementOf('explore_orders'), trending: statementOf('trending_tags') }

/**
 * The walk that a request continues, or one from the front of the latest ranking; undefined before anything was ranked.
 * @throws DarkroomError `bad_cursor`, or `cursor_expired` once its ranking is gone
 */
export async function walkOf(list: ListRead, what: keyof typeof STATEMENTS): Promise<Walk | undefined> {
  const after = list.after(POSITION)
  const [row] = await list.query<{ generation: string }>({
    ...STATEMENTS[what],
    values: [after?.[0] ?? null],
  })
  if (row) return { generation: Number(row.generation), place: after?.[1] ?? 0 }
  if (!after) return undefined
  throw new DarkroomError('cursor_expired', 'That ranking is gone; start again without a cursor.')
}
