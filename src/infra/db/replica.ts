import type { Pool } from 'pg'

/** A replica more than this behind the primary leaves the rotation. */
const MAX_REPLICA_LAG_MS = 1_000
const CHECK_INTERVAL_MS = 250
const CHECK_TIMEOUT_MS = 1_000
/** A good check lets a process read from the replica for this long, counted from the check's beginning. */
export const ROTATION_VALIDITY_MS = CHECK_INTERVAL_MS + CHECK_TIMEOUT_MS

/** Decides where replica reads go: to the replica while it is reachable and close behind, else to the primary. */
export interface ReplicaRotation {
  /** The pool that a read should use now. */
  current(): Pool
  /** Whether the replica serves reads. */
  inRotation(): boolean
  /** Waits until the replica has replayed `lsn`, at most `timeoutMs`; false if it has not. */
  waitForReplay(lsn: string, timeoutMs: number): Promise<boolean>
  stop(): void
}

/** Starts watching the replica; it enters the rotation after its first good check. */
export function createReplicaRotation(primary: Pool, replica: Pool | undefined): ReplicaRotation {
  if (!replica) {
    return { current: () => primary, inRotation: () => false, waitForReplay: async () => false, stop() {} }
  }
  let lastGoodAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const inRotation = () => performance.now() - lastGoodAt < ROTATION_VALIDITY_MS

  async function check(): Promise<void> {
    const startedAt = performance.now()
    try {
      if (await withTimeout(isFresh(primary, replica!), CHECK_TIMEOUT_MS)) lastGoodAt = startedAt
      else lastGoodAt = -Infinity
    } catch {
      lastGoodAt = -Infinity
    }
    if (!stopped) timer = setTimeout(() => void check(), CHECK_INTERVAL_MS).unref()
  }
  void check()

  return {
    current: () => (inRotation() ? replica : primary),
    inRotation,
    async waitForReplay(lsn, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      do {
        if (!inRotation()) return false
        const { rows } = await replica.query<{ replayed: boolean }>(
          'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS replayed',
          [lsn],
        )
        if (rows[0]?.replayed) return true
        await new Promise((resolve) => setTimeout(resolve, 2))
      } while (performance.now() < deadline)
      return false
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/**
 * Whether the replica has replayed all that the primary had written, or is less than MAX_REPLICA_LAG_MS behind; and whether
 * the replica keeper lets it serve and the primary waits for it at all: without `synchronous_standby_names` a narrowing would not reach it before its commit
 * returns, so that no right could be checked there.
 */
async function isFresh(primary: Pool, replica: Pool): Promise<boolean> {
  const { rows: positions } = await primary.query<{ lsn: string; waits: boolean }>(
    `SELECT pg_current_wal_lsn() AS lsn,
       current_setting('synchronous_standby_names') <> '' AND NOT EXISTS (SELECT FROM replicas WHERE NOT serving) AS waits`,
  )
  if (!positions[0]!.waits) return false
  const { rows } = await replica.query<{ fresh: boolean }>(
    `SELECT pg_is_in_recovery() AND (pg_last_wal_replay_lsn() >= $1::pg_lsn
       OR now() - pg_last_xact_replay_timestamp() < $2 * interval '1 ms') AS fresh`,
    [positions[0]!.lsn, MAX_REPLICA_LAG_MS],
  )
  return rows[0]?.fresh === true
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
