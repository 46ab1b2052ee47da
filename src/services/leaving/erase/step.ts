import type { ErasureStore } from '../../../domain/leaving.ts'
import type { UserId } from '../../../domain/ids.ts'
import type { Query } from '../../../infra/db/database.ts'

/** An account that is being erased. */
export interface Erased {
  erasureId: string
  userId: UserId
}

/** `waiting`: for what others have under way, such as the workflows of photos. */
type StepState = 'more' | 'waiting' | 'done'

/** One part of an erasure. */
export interface ErasureStep {
  name: string
  /** Does the next bounded piece of it. May run twice, and end at any point. */
  next(account: Erased): Promise<StepState>
}

const COUNT = `
  INSERT INTO account_erasure_items AS i (erasure_id, store, what, removed)
  SELECT $1::uuid, store, what, removed FROM unnest($2::text[], $3::text[], $4::bigint[]) AS given (store, what, removed)
  WHERE removed > 0 ORDER BY store, what
  ON CONFLICT (erasure_id, store, what) DO UPDATE SET removed = i.removed + excluded.removed`

export interface Removed {
  store: ErasureStore
  what: string
  removed: number
}

/** Adds to the receipt, in the transaction that removes something if there is one. */
export async function countRemoved(
  query: Query,
  { erasureId }: Erased,
  ...removed: readonly Removed[]
): Promise<void> {
  await query({
    name: 'erasure-count',
    text: COUNT,
    values: [
      erasureId,
      removed.map((one) => one.store),
      removed.map((one) => one.what),
      removed.map((one) => one.removed),
    ],
  })
}

/**
 * Runs a `DELETE … RETURNING 1` and counts what it deleted in one statement.
 * @param deletion its `$1` is the account; `$2` a limit
 */
export async function deleteCounted(
  query: Query,
  { erasureId, userId }: Erased,
  { table, deletion, limit }: { table: string; deletion: string; limit: number },
): Promise<number> {
  const [row] = await query<{ removed: number }>({
    text: `
      WITH gone AS (${deletion}), counted AS (
        INSERT INTO account_erasure_items AS i (erasure_id, store, what, removed)
        SELECT $3::uuid, 'postgres', $4::text, count(*) FROM gone HAVING count(*) > 0
        ON CONFLICT (erasure_id, store, what) DO UPDATE SET removed = i.removed + excluded.removed)
      SELECT count(*)::int AS removed FROM gone`,
    values: [userId, limit, erasureId, table],
  })
  return row!.removed
}
