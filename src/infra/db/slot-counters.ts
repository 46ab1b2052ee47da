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
 * transactions wait for each other (ADR 14), as long as each calls this once per table.
 */
export async function changeSlotCounters<Column extends string>(
  tx: Pick<Transaction, 'query'>,
  counters: CounterTable<Column>,
  changes: readonly CounterChange<Column>[],
): Promise<void> {
  const { columns } = counters
  const byKey = Map.groupBy(changes, (change) => change.key)
  const keys = [...byKey.keys()]
  if (keys.length === 0) return
  const sums = columns.map((column) =>
    keys.map((key) => byKey.get(key)!.reduce((sum, change) => sum + (change[column] ?? 0), 0)),
  )
  await tx.query({
    name: counters.table.replaceAll('_', '-'),
    text: upsert(counters),
    values: [keys, keys.map(anotherSlot), ...sums],
  })
}

const anotherSlot = () => 1 + Math.floor(Math.random() * (SLOTS - 1))

// A row of slot 0 that exists but is not free is locked by another transaction. Until the first row of a key is
// committed, it looks as if there were none, and transactions that come meanwhile wait for that one insert. The order
// holds because the INSERT takes row after row from a nested loop over the sorted keys. OFFSET 0: a probe for each key;
// for hundreds of them, the planner would read the whole table into a hash.
function upsert({ table, key, keyType, columns }: CounterTable<string>): string {
  const names = columns.join(', ')
  const amounts = columns.map((_, index) => `$${index + 3}::bigint[]`).join(', ')
  const sums = columns.map((column) => `${column} = counters.${column} + excluded.${column}`).join(', ')
  return `
    INSERT INTO ${table} AS counters (${key}, slot, ${names})
    SELECT change.${key},
      CASE WHEN free.slot IS NULL AND EXISTS (
          SELECT FROM ${table} t WHERE t.${key} = change.${key} AND t.slot = 0 OFFSET 0)
        THEN change.other_slot ELSE 0 END,
      ${columns.map((column) => `change.${column}`).join(', ')}
    FROM (
      SELECT * FROM unnest($1::${keyType}[], $2::smallint[], ${amounts}) AS given (${key}, other_slot, ${names})
      ORDER BY ${key}) change
    LEFT JOIN LATERAL (
      SELECT t.slot FROM ${table} t WHERE t.${key} = change.${key} AND t.slot = 0
      FOR NO KEY UPDATE SKIP LOCKED) free ON true
    ON CONFLICT (${key}, slot) DO UPDATE SET ${sums}`
}
