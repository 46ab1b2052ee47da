import type { Transaction } from './database.ts'

/** The maximum number of rows that the counters of one key are spread over. */
const SLOTS = 16

/** A table of counters: one row a key and slot, one column a counter; the value is the sum over the slots. */
export interface CounterTable<Column extends string> {
  table: string
  key: string
  keyType: 'bigint' | 'uuid'
  columns: readonly Column[]
}

/** The changes to a key's counters; omitted ones stay the same. */
export type CounterChange<Column extends string> = { key: string } & { [Name in Column]?: number }

/**
 * Changes counters within the transaction that changes what they count, so that they are exact. One key's counters live in
 * slot 0 until two transactions meet there: the second does not wait for it, but takes one of the other slots. So an
 * ordinary key has one row, and a hot one has up to 16. Rows are taken in the order of their keys, so that no two
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

// A row of slot 0 that is there but not free is locked by another transaction. Before its first row is committed, a key
// looks as if it had none: transactions that come in the meantime wait for that one insert.
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
