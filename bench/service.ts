import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openRedis, type RedisClient } from '../src/infra/redis/client.ts'
import { ensureStack } from '../stack/install/install.ts'
import { loadSecrets } from '../stack/instance/secrets.ts'
import { deleteInstance, startInstance, stopInstance, type Instance } from '../stack/instance.ts'
import { runSetup } from '../stack/setup.ts'
import { startApp, type App } from '../test/support/servers/app-processes.ts'

/** Darkroom on a throw-away instance of the real servers, with an API and workers as `npm start` runs them. */
export interface BenchService {
  instance: Instance
  app: App
  /** Superuser of Postgres, in Darkroom's database. */
  admin: pg.Client
  redis: RedisClient
  /** Runs CHECKPOINT and waits for the replica to replay everything, so that earlier work burdens nothing later. */
  settle(): Promise<void>
  stop(): Promise<void>
}

/** As in a lasting instance, commits wait for the disk. A replica that lags while data is loaded is not given up. */
const POSTGRES_SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  max_wal_size: '8GB',
  max_slot_wal_keep_size: '-1',
}
const REPLAY_POLL_MS = 50
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const INTERRUPTED_EXIT_CODE = 130

/**
 * Starts the service; stopping deletes its data, so that every run begins with empty stores.
 * @param settings other than the defaults of src/config/config.ts
 */
export async function startBenchService(settings: Record<string, string> = {}): Promise<BenchService> {
  const report = (line: string) => console.error(`stack: ${line}`)
  const stack = await ensureStack(report)
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
  const closing: (() => Promise<unknown>)[] = [() => deleteInstance(dir), () => stopInstance(dir, 'fast')]
  const stop = async () => {
    for (const signal of SIGNALS) process.off(signal, interrupted)
    for (const close of closing.toReversed()) await close()
  }
  // The servers end with this process in any case; this deletes their data too.
  const interrupted = () => void stop().finally(() => process.exit(INTERRUPTED_EXIT_CODE))
  for (const signal of SIGNALS) process.once(signal, interrupted)
  try {
    const instance = await startInstance({
      dir,
      stack,
      lifetime: 'owned',
      kind: 'throw-away',
      nodeEnv: 'production',
      given: settings,
      report,
    })
    const admin = await connectAdmin(instance)
    closing.push(() => admin.end())
    for (const [name, value] of Object.entries(POSTGRES_SETTINGS)) {
      await admin.query(`ALTER SYSTEM SET ${name} = '${value}'`)
    }
    await admin.query('SELECT pg_reload_conf()')
    const redis = openRedis(instance.env.REDIS_URL!)
    closing.push(async () => redis.disconnect())
    await runSetup(instance)
    const app = await startApp({ storageEvents: true, env: instance.env })
    closing.push(() => app.stop())
    return { instance, app, admin, redis, settle: () => settle(admin), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function connectAdmin(instance: Instance): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: instance.ports.postgres,
    user: 'postgres',
    password: loadSecrets(instance.layout.secrets).postgresSuperuser,
    database: 'darkroom',
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function settle(admin: pg.Client): Promise<void> {
  await admin.query('CHECKPOINT')
  const { rows } = await admin.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')
  for (;;) {
    const lag = await admin.query('SELECT FROM pg_stat_replication WHERE replay_lsn >= $1', [rows[0]!.lsn])
    if (lag.rowCount! > 0) return
    await sleep(REPLAY_POLL_MS)
  }
}
