import type { Query } from './database.ts'

/** Deletes this many rows at a time, so that no statement holds locks for long. */
const BATCH_ROWS = 500

/**
 * Repeats a DELETE of at most `$1` rows, which must return each of them, until fewer are left.
 * @param values `$2` and so on
 * @returns how many were deleted
 */
export async function deleteInBatches(
  query: Query,
  text: string,
  signal?: AbortSignal,
  values: readonly unknown[] = [],
): Promise<number> {
  let deleted = 0
  for (;;) {
    signal?.throwIfAborted()
    const rows = await query({ text, values: [BATCH_ROWS, ...values] })
    deleted += rows.length
    if (rows.length < BATCH_ROWS) return deleted
  }
}
