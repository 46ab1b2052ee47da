import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Query } from '../../infra/db/database.ts'
import { hasReplayed, ROTATION_VALIDITY_MS, standbyNamesHold, walPosition } from '../../infra/db/replica.ts'
import type { Logger } from '../../observability/logger.ts'
import { forgetReplica, reportReplicaServing } from '../../observability/replica-events.ts'

/** A standby that is gone, or this far behind, for this long holds up every narrowing: it goes. */
const MAX_SILENCE_MS = 1_000
const CHECK_INTERVAL_MS = 500
/** Every process has let go of a replica this long after it was told to: its last good check has run out by then. */
const LETTING_GO_MS = ROTATION_VALIDITY_MS + 500
/** One keeper works at a time, whoever holds this advisory lock: 'replica' in ASCII, cut to 32 bits. */
const KEEPER_LOCK = 0x7265_706c

export interface ReplicaKeeperDeps {
  db: Database
  logger: Logger
  /** `synchronous_standby_names` while all is well, e.g. `FIRST 1 (darkroom_replica)`. */
  standbyNames: string
  /** The replica's application_name, which is in `standbyNames`. */
  replicaName: string
}

export interface ReplicaKeeper {
  /** Watches until the signal aborts. Any number may run; one works. */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Keeps narrowings from waiting for a replica that is gone, without ever letting a read on a replica miss one. The order is
 * what matters: first the replica leaves the rotation (`replicas.serving`, read by every process in each of its checks),
 * then, when every process must have let go of it, it leaves `synchronous_standby_names`, so that commits stop waiting. It
 * comes back the other way round: commits wait for it again, it has replayed all that was written before, then it serves.
 */
export function createReplicaKeeper(deps: ReplicaKeeperDeps): ReplicaKeeper {
  const { db, logger, standbyNames, replicaName } = deps
  let silentSince: number | undefined
  /** Where the primary stood, oldest first; the first is the latest from before MAX_SILENCE_MS. */
  const positions: { at: number; lsn: string }[] = []

  // Not `replay_lag`: Postgres leaves it as it was while replay stands still.
  function positionDue(): string {
    const latestDue = performance.now() - MAX_SILENCE_MS
    while (positions.length > 1 && positions[1]!.at <= latestDue) positions.shift()
    return positions[0]?.lsn ?? '0/0'
  }

  async function look(primary: Query): Promise<Standby> {
    const [row] = await primary<Standby & { lsn: string }>({
      name: 'replica-keeper-look',
      text: `
        SELECT pg_current_wal_lsn()::text AS lsn,
          ${standbyNamesHold('$1::text')} AS waits,
          coalesce((SELECT serving FROM replicas WHERE name = $1), true) AS serving,
          ${hasReplayed('s', '$2')} AS well
        FROM (SELECT) one LEFT JOIN pg_stat_replication s ON s.application_name = $1
        ORDER BY s.replay_lsn DESC NULLS LAST LIMIT 1`,
      values: [replicaName, positionDue()],
    })
    positions.push({ at: performance.now(), lsn: row!.lsn })
    return row!
  }

  async function setServing(primary: Query, serving: boolean, reason: string): Promise<void> {
    await primary({
      text: `INSERT INTO replicas (name, serving, reason) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET serving = $2, reason = $3, changed_at = clock_timestamp()`,
      values: [replicaName, serving, reason],
    })
    logger.warn({ replica: replicaName, serving, reason }, 'replica rotation changed')
  }

  /** ALTER SYSTEM takes no parameters and no transaction. */
  async function setStandbyNames(primary: Query, names: string): Promise<void> {
    await primary({ text: `ALTER SYSTEM SET synchronous_standby_names = '${names.replaceAll("'", "''")}'` })
    await primary({ text: 'SELECT pg_reload_conf()' })
    await untilTrue(`the primary has reloaded`, async () => {
      const [row] = await primary<{ names: string }>({
        text: `SELECT current_setting('synchronous_standby_names') AS names`,
      })
      return row!.names === names
    })
  }

  async function dismiss(primary: Query): Promise<void> {
    await setServing(primary, false, 'down or late')
    await delay(LETTING_GO_MS)
    await setStandbyNames(primary, '')
  }

  async function readmit(primary: Query): Promise<void> {
    await setStandbyNames(primary, standbyNames)
    const position = await walPosition(primary)
    await untilTrue('the replica has replayed what it missed and commits wait for it', async () => {
      const [row] = await primary<{ ready: boolean }>({
        text: `SELECT bool_or(s.sync_state IN ('sync', 'quorum') AND ${hasReplayed('s', '$2')}) IS TRUE AS ready
          FROM pg_stat_replication s WHERE s.application_name = $1`,
        values: [replicaName, position],
      })
      return row!.ready
    })
    await setServing(primary, true, 'caught up')
  }

  /** One look and what follows from it. @returns whether the replica serves now */
  async function keep(primary: Query): Promise<boolean> {
    const standby = await look(primary)
    if (standby.well) {
      silentSince = undefined
      if (!standby.serving || !standby.waits) await readmit(primary)
      return true
    }
    silentSince ??= performance.now()
    if (performance.now() - silentSince < MAX_SILENCE_MS) return standby.serving
    if (standby.serving || standby.waits) await dismiss(primary)
    return false
  }

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          const worked = await withKeeperLock(db, async (primary) => {
            reportReplicaServing('keeper', await keep(primary))
          })
          if (!worked) forgetReplica('keeper')
        } catch (error) {
          logger.error({ err: error }, 'replica keeper could not work')
        }
        await delay(CHECK_INTERVAL_MS, undefined, { signal }).catch(() => {})
      }
    },
  }
}

type Standby = {
  /** Commits with remote_apply wait for it. */
  waits: boolean
  /** Processes may read from it. */
  serving: boolean
  well: boolean
}

/**
 * Runs `work` if no other keeper is active, on the connection that holds the lock, so that a keeper
 * that has lost the lock can do nothing more.
 * @returns whether it did
 */
async function withKeeperLock(db: Database, work: (primary: Query) => Promise<unknown>): Promise<boolean> {
  return db.session(async (primary) => {
    const [row] = await primary<{ locked: boolean }>({
      text: 'SELECT pg_try_advisory_lock($1) AS locked',
      values: [KEEPER_LOCK],
    })
    if (!row!.locked) return false
    await work(primary)
    await primary({ text: 'SELECT pg_advisory_unlock($1)', values: [KEEPER_LOCK] })
    return true
  })
}

const SETTLE_TIMEOUT_MS = 10_000

async function untilTrue(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting until ${what}`)
    await delay(50)
  }
}
