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

const NOTE = `
  INSERT INTO account_erasure_items AS i (erasure_id, store, what, under_way)
  SELECT given.* FROM (VALUES ($1::uuid, $2::text, $3::text, $4::bigint)) given (erasure_id, store, what, there)
  WHERE there > 0 OR EXISTS (
    SELECT FROM account_erasure_items WHERE (erasure_id, store, what) = ($1::uuid, $2::text, $3::text))
  ON CONFLICT (erasure_id, store, what)
    DO UPDATE SET removed = i.removed + greatest(0, i.under_way - excluded.under_way), under_way = excluded.under_way`

/** What a store that has no transactions with Postgres has of an account. */
export interface Elsewhere extends Pick<Removed, 'store' | 'what'> {
  count: () => Promise<number>
  remove: () => Promise<unknown>
}

/**
 * Removes it, and counts it once, whenever a process is killed and however long the store still lists what it deletes: what is there is
 * noted before and after, and what was there at the last look and is there no more was removed.
 * @returns how much is left
 */
export async function removeElsewhere(
  query: Query,
  { erasureId }: Erased,
  { store, what, count, remove }: Elsewhere,
): Promise<number> {
  async function look(): Promise<number> {
    const there = await count()
    await query({ name: 'erasure-note', text: NOTE, values: [erasureId, store, what, there] })
    return there
  }

  if ((await look()) === 0) return 0
  await remove()
  return look()
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
