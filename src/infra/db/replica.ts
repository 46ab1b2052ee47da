import type { Pool } from 'pg'
import { withDeadline } from '../deadline.ts'
import type { Query } from './database.ts'
import { reportReplicaLag, reportReplicaServing } from '../../observability/replica-events.ts'

/** A replica more than this behind the primary leaves the rotation. */
const MAX_REPLICA_LAG_MS = 1_000
const CHECK_INTERVAL_MS = 250
const CHECK_TIMEOUT_MS = 1_000
/** A good check lets a process read from the replica for this long, counted from the check's beginning. */
export const ROTATION_VALIDITY_MS = CHECK_INTERVAL_MS + CHECK_TIMEOUT_MS

/** Decides where replica reads go: to the replica while it is reachable and close behind, else to the primary. */
export interface ReplicaRotation {
  /** The replica's application_name, whether this process reads from it or not. */
  replicaName: string
  /** The pool that a read should use now. */
  current(): Pool
  /** Whether the replica serves reads. */
  inRotation(): boolean
  /** A connection to it broke: it may have restarted, so it must be checked before it is read again. */
  distrust(): void
  /** Resolves with the result of a read. A read on the replica is given up when a check there gets no answer. */
  unlessSilent<T>(pool: Pool, read: Promise<T>): Promise<T>
  /** Waits until the replica has replayed `lsn`, at most `timeoutMs`; false if it has not. */
  waitForReplay(lsn: string, timeoutMs: number): Promise<boolean>
  stop(): void
}

/** Starts watching the replica; it enters the rotation after its first good check. */
export function createReplicaRotation(
  primary: Pool,
  replica: Pool | undefined,
  replicaName = 'darkroom_replica',
): ReplicaRotation {
  if (!replica) {
    return {
      replicaName,
      current: () => primary,
      inRotation: () => false,
      distrust() {},
      unlessSilent: (_pool, read) => read,
      waitForReplay: async () => false,
      stop() {},
    }
  }
  let lastGoodAt = -Infinity
  /** For the metric only: the replica has everything that was written before this time. */
  let upToDateAt = -Infinity
  /** The start of the replica at which it was seen to be up to date; after another start it must be seen so again. */
  let trustedStart: string | undefined
  /** How often it was distrusted, so that a check under way at that moment does not count. */
  let doubts = 0
  /** Calls that give up the reads waiting for the replica. */
  const reads = new Set<() => void>()
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
      const { lsn, mayServe } = await withDeadline(CHECK_TIMEOUT_MS, askPrimary(primary, replicaName), () => {
        throw new Error('the primary does not answer')
      })
      const state = await withDeadline(
        CHECK_TIMEOUT_MS - (performance.now() - startedAt),
        askReplica(replica!, lsn),
        () => {
          for (const giveUp of reads) giveUp()
          throw new Error('the replica does not answer')
        },
      )
      // After a crash, the replica answers from an earlier position than the one that it had confirmed to waiting
      // commits.
      if (state.lagSeconds === 0) trustedStart = state.startedAt
      const isTrusted = state.startedAt === trustedStart && doubts === doubtsBefore
      lastGoodAt = mayServe && state.isFresh && isTrusted ? startedAt : -Infinity
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
    replicaName,
    current: () => (inRotation() ? replica : primary),
    inRotation,
    distrust,
    unlessSilent<T>(pool: Pool, read: Promise<T>) {
      if (pool !== replica) return read
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const giveUp = () => reject(new Error('the replica does not answer'))
      reads.add(giveUp)
      read.then(resolve, reject).finally(() => reads.delete(giveUp))
      return promise
    },
    async waitForReplay(lsn, timeoutMs) {
      const deadline = performance.now() + timeoutMs
      do {
        if (!inRotation()) return false
        const asked = replicaHasReplayed(replica, lsn)
        if (await withDeadline(deadline - performance.now(), asked, () => false)) return true
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

/** SQL on the replica for whether it has replayed all up to `$1`. */
const REPLAYED_HERE = 'pg_last_wal_replay_lsn() >= $1::pg_lsn'

async function replicaHasReplayed(replica: Pool, lsn: string): Promise<boolean> {
  const { rows } = await replica.query<{ replayed: boolean }>(`SELECT ${REPLAYED_HERE} AS replayed`, [lsn])
  return rows[0]!.replayed
}

/** Where the primary stands, and whether the replica may be read at all. */
interface PrimaryState {
  lsn: string
  /** The keeper lets it serve, and commits that narrow wait for it. */
  mayServe: boolean
}

/**
 * Asks whether the keeper lets the replica serve and the primary waits for it. Without that wait, a narrowing would
 * reach the replica only after its commit returns, and rights could not be checked there.
 */
async function askPrimary(primary: Pool, replicaName: string): Promise<PrimaryState> {
  const { rows } = await primary.query<{ lsn: string; may_serve: boolean }>(
    `SELECT pg_current_wal_lsn() AS lsn,
       ${standbyNamesHold('$1::text')} AND NOT EXISTS (SELECT FROM replicas WHERE name = $1 AND NOT serving) AS may_serve`,
    [replicaName],
  )
  return { lsn: rows[0]!.lsn, mayServe: rows[0]!.may_serve }
}

/** SQL on the primary for whether a row of pg_stat_replication is a standby that has replayed all up to `lsn`. */
export function hasReplayed(standby: string, lsn: string): string {
  return `(${standby}.state = 'streaming' AND ${standby}.replay_lsn >= ${lsn}::pg_lsn) IS TRUE`
}

/** Where the primary stands: what it has written so far. */
export async function walPosition(primary: Query): Promise<string> {
  const [row] = await primary<{ lsn: string }>({ text: 'SELECT pg_current_wal_lsn()::text AS lsn' })
  return row!.lsn
}

/**
 * SQL for whether commits with remote_apply wait for the standby of this name, as long as `DATABASE_STANDBY_NAMES`
 * names it.
 */
export function standbyNamesHold(name: string): string {
  return `current_setting('synchronous_standby_names') ~* ('\\m' || ${name} || '\\M')`
}

interface ReplicaState {
  isFresh: boolean
  lagSeconds: number
  /** When the replica's server was started. */
  startedAt: string
}

/**
 * Whether the replica has replayed all that the primary had written at `lsn`, or is less than MAX_REPLICA_LAG_MS
 * behind.
 */
async function askReplica(replica: Pool, lsn: string): Promise<ReplicaState> {
  const { rows } = await replica.query<{ recovering: boolean; lag: number | null; started_at: string }>(
    `SELECT pg_is_in_recovery() AS recovering, pg_postmaster_start_time()::text AS started_at,
       CASE WHEN ${REPLAYED_HERE} THEN 0
         ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float8 AS lag`,
    [lsn],
  )
  const { recovering, lag, started_at: startedAt } = rows[0]!
  // Null: it has replayed no transaction yet, so its lag is unknown.
  const lagSeconds = Math.max(0, lag ?? Infinity)
  return { isFresh: recovering && lagSeconds * 1000 < MAX_REPLICA_LAG_MS, lagSeconds, startedAt }
}
