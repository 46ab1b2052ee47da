import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { run } from '../install/run.ts'
import { writePrivate } from '../instance/files.ts'
import { asUnprivileged, ownByServers } from '../instance/unprivileged.ts'
import { dataFolder, makeFolder, putAsideOtherFormat } from './data-folder.ts'
import type { Server, ServerContext } from './server.ts'

/** The on-disk format changes with the major version. */
export const postgresFormat = 'postgres 18'
export const replicaName = 'darkroom_replica'
const superuser = 'postgres'
const replicationUser = 'darkroom_replication'
const appUser = 'darkroom'

export const postgres: Server = {
  name: 'postgres',
  needs: [],
  ports: ['postgres'],
  readyTimeoutMs: 60_000,
  stopSignal: 'SIGINT',
  stopGraceMs: 15_000,
  orphanSignal: 'INT',

  async prepare(context) {
    putAsideOtherFormat(context, 'postgres', postgresFormat)
    const folder = dataFolder(context, 'postgres')
    if (!existsSync(join(folder, 'PG_VERSION'))) {
      rmSync(folder, { recursive: true, force: true })
      await makeFolder(folder, (temporary) => initialize(context, temporary))
    }
    writeConfiguration(context, folder, context.ports.postgres, [
      // Only a transaction with SET LOCAL synchronous_commit = remote_apply waits for the replica.
      `synchronous_standby_names = 'FIRST 1 (${replicaName})'`,
      'synchronous_commit = local',
    ])
  },

  command: (context) => postgresCommand(context, 'postgres'),
  probe: (context) =>
    withSuperuser(context, context.ports.postgres, async (client) => void (await client.query('SELECT 1'))),

  async settle(context) {
    await withSuperuser(context, context.ports.postgres, async (client) => {
      await ensureRole(client, replicationUser, context.secrets.postgresReplication, 'LOGIN REPLICATION')
      // Tests create their own databases, and drop them while an autovacuum worker (not a role of ours) may be inside:
      // hence CREATEDB and pg_signal_backend. The app itself needs neither.
      const options = 'LOGIN NOSUPERUSER NOCREATEROLE CREATEDB'
      await ensureRole(client, appUser, context.secrets.postgresApp, options)
      // Lag and standby state come from pg_stat_replication, whose rows only pg_monitor sees in full.
      await client.query(`GRANT pg_monitor, pg_signal_backend TO ${appUser}`)
      // The replica keeper removes a replica that is gone from those that commits wait for, and puts it back.
      await client.query(`GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO ${appUser}`)
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [appUser])
      if (!rowCount) await client.query(`CREATE DATABASE ${appUser} OWNER ${appUser}`)
      const slot = await client.query('SELECT 1 FROM pg_replication_slots WHERE slot_name = $1', [
        replicaName,
      ])
      if (!slot.rowCount) await client.query('SELECT pg_create_physical_replication_slot($1)', [replicaName])
    })
    // The right to call a function belongs to one database; databases that tests create have it from template1.
    for (const database of [appUser, 'template1']) {
      await withSuperuser(
        context,
        context.ports.postgres,
        (client) => client.query(`GRANT EXECUTE ON FUNCTION pg_reload_conf() TO ${appUser}`),
        database,
      )
    }
  },
}

async function initialize(context: ServerContext, folder: string): Promise<void> {
  const passwordFile = `${folder}.password`
  writePrivate(passwordFile, context.secrets.postgresSuperuser)
  ownByServers(passwordFile)
  try {
    const [file, ...args] = asUnprivileged([
      join(context.stack.postgresBin, 'initdb'),
      ...['-D', folder, '-U', superuser, '--pwfile', passwordFile, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
      ...(context.durable ? [] : ['--no-sync']),
    ]) as [string, ...string[]]
    await run(file, args, { env: postgresEnv() })
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/** Writes the whole configuration at each start, so that changed ports and settings take effect. */
export function writeConfiguration(
  context: ServerContext,
  folder: string,
  port: number,
  extra: string[],
): void {
  const lines = [
    `listen_addresses = '127.0.0.1'`,
    `port = ${port}`,
    // TCP only: a socket path under a deep data folder would pass the 107 characters that Linux allows.
    `unix_socket_directories = ''`,
    'max_connections = 200',
    'shared_buffers = 128MB',
    'wal_level = replica',
    'max_wal_senders = 8',
    'max_replication_slots = 8',
    'wal_keep_size = 64MB',
    // A replica that is gone for long is rebuilt, so that its slot does not fill the disk.
    'max_slot_wal_keep_size = 1GB',
    'max_wal_size = 1GB',
    'hot_standby = on',
    'hot_standby_feedback = on',
    'password_encryption = scram-sha-256',
    `timezone = 'UTC'`,
    `log_timezone = 'UTC'`,
    'log_min_duration_statement = 500ms',
    // Statements hold captions; the app logs errors without them.
    'log_min_error_statement = panic',
    ...(context.durable ? [] : ['fsync = off', 'full_page_writes = off']),
    ...extra,
  ]
  writeFileSync(join(folder, 'postgresql.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
  const access = [
    'host all all 127.0.0.1/32 scram-sha-256',
    `host replication ${replicationUser} 127.0.0.1/32 scram-sha-256`,
  ]
  writeFileSync(join(folder, 'pg_hba.conf'), `${access.join('\n')}\n`, { mode: 0o600 })
  // The caller has made sure that no server of ours runs here; a pid file left by kill -9 could name a stranger by now.
  rmSync(join(folder, 'postmaster.pid'), { force: true })
  ownByServers(folder)
}

export function postgresCommand(context: ServerContext, server: string) {
  return {
    account: 'nobody' as const,
    file: join(context.stack.postgresBin, 'postgres'),
    args: ['-D', dataFolder(context, server)],
    env: postgresEnv(),
  }
}

/** Keeps libpq settings in the caller's shell away from our tools. */
export function postgresEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' }
}

/** Keyword string for the replica and pg_basebackup; the password is in a file of its own, not in a process list. */
export function replicationConnection(context: ServerContext, passwordFile: string): string {
  const line = `127.0.0.1:${context.ports.postgres}:*:${replicationUser}:${context.secrets.postgresReplication}`
  writePrivate(passwordFile, `${line}\n`)
  ownByServers(passwordFile)
  return `host=127.0.0.1 port=${context.ports.postgres} user=${replicationUser} passfile=${passwordFile} application_name=${replicaName}`
}

export async function withSuperuser<T>(
  context: ServerContext,
  port: number,
  work: (client: pg.Client) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password: context.secrets.postgresSuperuser,
    database,
    connectionTimeoutMillis: 3_000,
  })
  // Without a listener, a connection that the server closes while idle ends this process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function ensureRole(client: pg.Client, role: string, password: string, options: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
  const verb = rowCount ? 'ALTER' : 'CREATE'
  await client.query(`${verb} ROLE ${role} ${options} PASSWORD ${client.escapeLiteral(password)}`)
}
