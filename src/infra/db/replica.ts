import type { Pool } from 'pg'
import { withDeadline } from '../deadline.ts'
import { reportReplicaLag, reportReplicaServing } from '../../observability/replica-metrics.ts'

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
  /** A connection to it broke: it may have restarted, and is to be checked anew before it is read again. */
  distrust(): void
  /** Waits until the replica has replayed `lsn`, at most `timeoutMs`; false if it has not. */
  waitForReplay(lsn: string, timeoutMs: number): Promise<boolean>
  stop(): void
}

/** Starts watching the replica; it enters the rotation after its first good check. */
export function createReplicaRotation(primary: Pool, replica: Pool | undefined): ReplicaRotation {
  if (!replica) {
    return {
      current: () => primary,
      inRotation: () => false,
      distrust() {},
      waitForReplay: async () => false,
      stop() {},
    }
  }
  let lastGoodAt = -Infinity
  /** For the metric alone: the replica is known to have all that was written before. */
  let upToDateAt = -Infinity
  /** The replica's start that was seen to have all that was written before; another start must show it again. */
  let trustedStart: string | undefined
  /** How often it was distrusted: a check that was under way meanwhile does not count. */
  let doubts = 0
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const inRotation = () => performance.now() - lastGoodAt < ROTATION_VALIDITY_MS

  function report(lagMs: number): void {
    reportReplicaServing('rotation', inRotation())
    reportReplicaLag('rotation', lagMs / 1000)
  }

  function distrust(): void {
    doubts++
    lastGoodAt = -Infinity
  }
  // Idle connections break at once when the replica goes down.
  replica.on('error', distrust)

  async function check(): Promise<void> {
    const startedAt = performance.now()
    const doubtsBefore = doubts
    try {
      const state = await withDeadline(CHECK_TIMEOUT_MS, look(primary, replica!), () => {
        throw new Error('timed out')
      })
      // After a crash it answers from an earlier position than the one it had confirmed to commits that waited for it.
      if (state.lagSeconds === 0) trustedStart = state.startedAt
      const isTrusted = state.startedAt === trustedStart && doubts === doubtsBefore
      lastGoodAt = state.mayServe && state.isFresh && isTrusted ? startedAt : -Infinity
      // The first write after a pause makes the last replayed one look old: an earlier check knows better.
      upToDateAt = Math.max(upToDateAt, startedAt - state.lagSeconds * 1000)
      if (!stopped) report(state.lagSeconds === 0 ? 0 : performance.now() - upToDateAt)
    } catch {
      lastGoodAt = -Infinity
      if (!stopped) report(performance.now() - upToDateAt)
    }
    if (!stopped) timer = setTimeout(() => void check(), CHECK_INTERVAL_MS).unref()
  }
  void check()

  return {
    current: () => (inRotation() ? replica : primary),
    inRotation,
    distrust,
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

interface ReplicaState {
  /** The keeper lets it serve, and commits that narrow wait for it. */
  mayServe: boolean
  isFresh: boolean
  lagSeconds: number
  /** When the replica's server was started. */
  startedAt: string
}

/**
 * Whether the replica has replayed all that the primary had written, or is less than MAX_REPLICA_LAG_MS behind; and whether
 * the replica keeper lets it serve and the primary waits for it at all: without `synchronous_standby_names` a narrowing would
 * not reach it before its commit returns, so that no right could be checked there.
 */
async function look(primary: Pool, replica: Pool): Promise<ReplicaState> {
  const { rows: positions } = await primary.query<{ lsn: string; may_serve: boolean }>(
    `SELECT pg_current_wal_lsn() AS lsn,
       current_setting('synchronous_standby_names') <> ''
         AND NOT EXISTS (SELECT FROM replicas WHERE NOT serving) AS may_serve`,
  )
  const { rows } = await replica.query<{ recovering: boolean; lag: number | null; started_at: string }>(
    `SELECT pg_is_in_recovery() AS recovering, pg_postmaster_start_time()::text AS started_at,
       CASE WHEN pg_last_wal_replay_lsn() >= $1::pg_lsn THEN 0
         ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float8 AS lag`,
    [positions[0]!.lsn],
  )
  const { recovering, lag, started_at: startedAt } = rows[0]!
  // Null: it has replayed no transaction yet, and nobody knows how far behind it is.
  const lagSeconds = Math.max(0, lag ?? Infinity)
  const isFresh = recovering && lagSeconds * 1000 < MAX_REPLICA_LAG_MS
  return { mayServe: positions[0]!.may_serve, isFresh, lagSeconds, startedAt }
}
