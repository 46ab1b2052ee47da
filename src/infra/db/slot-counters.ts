import type { Transaction } from './database.ts'

/** The maximum number of rows that the counters of one key are spread over. */
const SLOTS = 16

/**
 * A table of counters, with a row for each key and slot and a column for each counter; a value is the sum over the
 * slots.
 */
export interface CounterTable<Column extends string> {
  table: string
  key: string
  keyType: 'bigint' | 'uuid'
  columns: readonly Column[]
}

/** The changes to a key's counters; omitted ones stay the same. */
export type CounterChange<Column extends string> = { key: string } & { [Name in Column]?: number }

/**
 * Changes counters within the transaction that changes what they count, so that they are exact. The counters of a key
 * live in slot 0 until two transactions meet there: the second takes one of the other slots instead of waiting. An
 * ordinary key thus has one row, and a hot one up to 16. Rows are taken in the order of their keys, so that no two
 * transactions wait for each other (ADR 14).
 */
export async function changeSlotCounters<Column extends string>(
  tx: Pick<Transaction, 'query'>,
  counters: CounterTable<Column>,
  changes: readonly CounterChange<Column>[],
): Promise<void> {
  const text = upsert(counters)
  for (const change of [...changes].sort(byKey)) {
    const otherSlot = 1 + Math.floor(Math.random() * (SLOTS - 1))
    const amounts = counters.columns.map((column) => change[column] ?? 0)
    await tx.query({ text, values: [change.key, otherSlot, ...amounts] })
  }
}

// A row of slot 0 that exists but is not free is locked by another transaction. Until the first row of a key is
// committed, it looks as if there were none, and transactions that come meanwhile wait for that one insert.
function upsert({ table, key, keyType, columns }: CounterTable<string>): string {
  const names = columns.join(', ')
  const amounts = columns.map((_, index) => `$${index + 3}::bigint`).join(', ')
  const sums = columns.map((column) => `${column} = counters.${column} + excluded.${column}`).join(', ')
  return `
    WITH free AS MATERIALIZED (
      SELECT FROM ${table} WHERE ${key} = $1::${keyType} AND slot = 0 FOR NO KEY UPDATE SKIP LOCKED)
    INSERT INTO ${table} AS counters (${key}, slot, ${names})
    SELECT $1::${keyType},
      CASE WHEN NOT EXISTS (SELECT FROM free)
        AND EXISTS (SELECT FROM ${table} WHERE ${key} = $1::${keyType} AND slot = 0) THEN $2::smallint ELSE 0 END,
      ${amounts}
    ON CONFLICT (${key}, slot) DO UPDATE SET ${sums}`
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
