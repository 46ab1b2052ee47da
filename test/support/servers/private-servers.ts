import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { ensureStack } from '../../../stack/install/install.ts'
import { deleteInstance, startInstance, type Instance } from '../../../stack/instance.ts'
import { loadSecrets } from '../../../stack/instance/secrets.ts'
import type { ServerName } from '../../../stack/servers/server.ts'
import { migrate, startUserIds } from './test-databases.ts'

/**
 * Servers of one test file, which it may stop, kill and pause: files that run at the same time keep the instance's.
 * Postgres is migrated, on the database that `env` names.
 */
export interface PrivateServers {
  instance: Instance
  /** The settings that name these servers. A primary without its replica is one whose replica is down. */
  env: Record<string, string>
  /** Resolves when all of its processes have gone. */
  kill(name: ServerName): Promise<void>
  /** Starts again on the same port and data; resolves when it answers. */
  restart(name: ServerName): Promise<void>
  /** Has the replica answer from where it stands, while it goes on receiving. */
  pauseReplay(): Promise<void>
  resumeReplay(): Promise<void>
  close(): Promise<void>
}

/** The settings by which each server is found. */
const SETTINGS: Partial<Record<ServerName, string[]>> = {
  postgres: ['DATABASE_URL', 'DATABASE_REPLICA_URL'],
  valkey: ['REDIS_URL'],
  temporal: ['TEMPORAL_ADDRESS'],
}

export async function startServers(...names: ServerName[]): Promise<PrivateServers> {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-private-'))
  const report = () => undefined
  const instance = await startInstance({
    dir,
    stack: await ensureStack(report),
    lifetime: 'owned',
    kind: 'throw-away',
    nodeEnv: 'test',
    given: {},
    only: names,
    report,
  })
  const own = names.flatMap((name) => SETTINGS[name] ?? [])
  const env = Object.fromEntries(own.map((setting) => [setting, instance.env[setting]!]))
  if (names.includes('postgres')) {
    await migrate(env.DATABASE_URL!)
    await startUserIds(env.DATABASE_URL!)
  }

  let replica: pg.Pool | undefined
  /** As the superuser: the app's role may not pause replay. */
  async function onReplica(statement: string): Promise<void> {
    replica ??= openReplica()
    await replica.query(statement)
  }
  function openReplica(): pg.Pool {
    const opened = new pg.Pool({
      max: 1,
      host: '127.0.0.1',
      port: instance.ports.postgresReplica,
      user: 'postgres',
      password: loadSecrets(instance.layout.secrets).postgresSuperuser,
      database: 'postgres',
    })
    opened.on('error', () => undefined)
    return opened
  }

  return {
    instance,
    env,
    kill: (name) => instance.stopServer(name, 'SIGKILL'),
    restart: (name) => instance.startServer(name),
    pauseReplay: () => onReplica('SELECT pg_wal_replay_pause()'),
    resumeReplay: () => onReplica('SELECT pg_wal_replay_resume()'),
    async close() {
      await replica?.end()
      await deleteInstance(dir)
    },
  }
}
