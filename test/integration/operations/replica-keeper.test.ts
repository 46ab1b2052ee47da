import { setTimeout as delay } from 'node:timers/promises'
import { register } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { ROTATION_VALIDITY_MS } from '../../../src/infra/db/replica.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { createReplicaKeeper } from '../../../src/services/operations/replica-keeper.ts'
import { startServers, type PrivateServers } from '../../support/servers/private-servers.ts'

/** Reads continue without the replica, narrowings do not hang, and no read on a replica misses one. */
describe('a replica that is late or down', () => {
  let servers: PrivateServers
  const config = loadConfig()
  let stopping = new AbortController()
  let db: Database
  let keeping: Promise<void>

  const keeperOf = () =>
    createReplicaKeeper({
      db,
      logger: createLogger({ level: 'silent', service: 'test' }),
      standbyNames: config.DATABASE_STANDBY_NAMES,
      replicaName: config.DATABASE_REPLICA_NAME,
    })

  beforeAll(async () => {
    servers = await startServers('postgres', 'postgres-replica')
    db = await openDatabase({
      url: servers.env.DATABASE_URL!,
      replicaUrl: servers.env.DATABASE_REPLICA_URL,
      poolSize: 5,
      statementTimeoutMs: 5_000,
      applicationName: 'replica-keeper-test',
    })
    keeping = keeperOf().run(stopping.signal)
    await db.primary({
      text: 'CREATE TABLE keeper_probe (id integer PRIMARY KEY, value integer NOT NULL)',
    })
    await db.primary({
      text: 'INSERT INTO keeper_probe VALUES (1, 0)',
    })
    await until('the replica serves', async () => db.rotation.inRotation())
  })
  afterAll(async () => {
    stopping.abort()
    await keeping
    await db.close()
    await servers.close()
  })

  let value = 0
  /** The last value whose narrowing has returned. */
  let committed = 0
  /**
   * Narrows and then reads wherever reads go now, which must see the narrowing. @returns how long the narrowing took,
   * in ms
   */
  async function narrowAndRead(): Promise<number> {
    const next = ++value
    const startedAt = performance.now()
    await db.transaction(
      (tx) => tx.query({ text: 'UPDATE keeper_probe SET value = $1 WHERE id = 1', values: [next] }),
      { narrows: true },
    )
    const tookMs = performance.now() - startedAt
    committed = next
    const [row] = await db.replica<{ value: number }>({ text: 'SELECT value FROM keeper_probe WHERE id = 1' })
    expect(row?.value).toBe(next)
    return tookMs
  }

  it('lets narrowings continue and returns after replay was paused', async () => {
    await narrowAndRead()
    await servers.pauseReplay()
    try {
      // The first narrowing may wait until the replica is dismissed; later ones do not wait.
      expect(await narrowAndRead()).toBeLessThan(10_000)
      expect(db.rotation.inRotation()).toBe(false)
      expect(await narrowAndRead()).toBeLessThan(1_000)
      await until('both tell that it does not serve', async () => {
        const serving = await metric('darkroom_replica_serving')
        return serving.rotation === 0 && serving.keeper === 0
      })
      expect((await metric('darkroom_replica_lag_seconds')).rotation).toBeGreaterThan(1)
    } finally {
      await servers.resumeReplay()
    }
    await until('the replica serves again', async () => db.rotation.inRotation())
    await until('the metrics say so', async () => {
      const { rotation, keeper } = await metric('darkroom_replica_serving')
      return rotation === 1 && keeper === 1 && (await metric('darkroom_replica_lag_seconds')).rotation! < 1
    })
    for (let i = 0; i < 20; i++) await narrowAndRead()
  })

  it('lets narrowings continue and returns after it was killed', async () => {
    await servers.kill('postgres-replica')
    try {
      expect(await narrowAndRead()).toBeLessThan(10_000)
      expect(await narrowAndRead()).toBeLessThan(1_000)
      // Nobody can ask the replica, so the metric grows from when it last answered.
      expect((await metric('darkroom_replica_lag_seconds')).rotation).toBeGreaterThan(1)
    } finally {
      await servers.restart('postgres-replica')
    }
    await until('the replica serves again', async () => db.rotation.inRotation())
    for (let i = 0; i < 20; i++) await narrowAndRead()
  })

  /** The values of a metric by who reports them. */
  async function metric(name: string): Promise<Record<string, number>> {
    const { values } = await register.getSingleMetric(name)!.get()
    return Object.fromEntries(values.map(({ labels, value }) => [labels.by, value]))
  }

  it('misses no narrowing when it restarts unnoticed after a kill', async () => {
    const stop = new AbortController()
    let reads = 0
    const reading = (async () => {
      while (!stop.signal.aborted) {
        const seen = committed
        const [row] = await db.replica<{ value: number }>({
          text: 'SELECT value FROM keeper_probe WHERE id = 1',
        })
        expect(row!.value).toBeGreaterThanOrEqual(seen)
        reads++
      }
    })()
    for (let i = 0; i < 5; i++) await narrowAndRead()
    await servers.kill('postgres-replica')
    await servers.restart('postgres-replica')
    for (let i = 0; i < 5; i++) await narrowAndRead()
    await until('the replica serves again', async () => db.rotation.inRotation())
    stop.abort()
    await reading
    expect(reads).toBeGreaterThan(10)
  })

  it('is not kept out by the row of a retired or renamed replica', async () => {
    await db.primary({
      text: `INSERT INTO replicas (name, serving, reason) VALUES ('retired', false, 'down')`,
    })
    try {
      await delay(2 * ROTATION_VALIDITY_MS)
      expect(db.rotation.inRotation()).toBe(true)
    } finally {
      await db.primary({ text: `DELETE FROM replicas WHERE name = 'retired'` })
    }
  })

  it('is not dismissed by a keeper that lost its lock midway', async () => {
    stopping.abort()
    await keeping
    const alone = new AbortController()
    const lost = keeperOf().run(alone.signal)
    await servers.pauseReplay()
    try {
      await until('it no longer serves', async () => {
        const rows = await db.primary({ text: 'SELECT FROM replicas WHERE NOT serving' })
        return rows.length > 0
      })
      alone.abort()
      const [holder] = await db.primary<{ xact_start: Date | null }>({
        text: `SELECT xact_start, pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid = (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1)`,
        values: [0x7265_706c],
      })
      // It holds up no vacuum.
      expect(holder).toMatchObject({ xact_start: null })
      await lost
      const [names] = await db.primary({ text: 'SHOW synchronous_standby_names' })
      expect(names).toEqual({ synchronous_standby_names: config.DATABASE_STANDBY_NAMES })
    } finally {
      await servers.resumeReplay()
      stopping = new AbortController()
      keeping = keeperOf().run(stopping.signal)
    }
    await until('the replica serves again', async () => db.rotation.inRotation())
  })

  async function until(what: string, check: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 30_000
    while (!(await check())) {
      if (performance.now() > deadline) throw new Error(`gave up waiting until ${what}`)
      await delay(50)
    }
  }
})
