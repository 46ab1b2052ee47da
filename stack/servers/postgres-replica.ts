import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../install/run.ts'
import { asUnprivileged } from '../instance/unprivileged.ts'
import { dataFolder, makeFolder, putAsideOtherFormat } from './data-folder.ts'
import {
  postgresCommand,
  postgresEnv,
  postgresFormat,
  replicaName,
  replicationConnection,
  withSuperuser,
  writeConfiguration,
} from './postgres.ts'
import type { Server, ServerContext } from './server.ts'

export const postgresReplica: Server = {
  name: 'postgres-replica',
  needs: ['postgres'],
  ports: ['postgresReplica'],
  readyTimeoutMs: 40_000,
  stopSignal: 'SIGINT',
  stopGraceMs: 10_000,
  orphanSignal: 'INT',

  async prepare(context) {
    putAsideOtherFormat(context, 'postgres-replica', postgresFormat)
    const folder = dataFolder(context, 'postgres-replica')
    if (existsSync(folder) && !(await followsPrimary(context, folder))) {
      context.report('postgres-replica: it is a copy of another primary; copying again')
      rmSync(folder, { recursive: true, force: true })
    }
    const connection = replicationConnection(context, join(context.layout.data, 'postgres-replica.pgpass'))
    if (!existsSync(folder))
      await makeFolder(folder, (temporary) => copyPrimary(context, temporary, connection))
    writeConfiguration(context, folder, context.ports.postgresReplica, [
      `primary_conninfo = '${connection}'`,
      `primary_slot_name = '${replicaName}'`,
      // Reads block replay for at most this long; a lagging replica would hold up narrowing commits.
      'max_standby_streaming_delay = 2s',
      // A killed connection is soon noticed and renewed.
      'wal_receiver_timeout = 10s',
      'wal_retrieve_retry_interval = 500ms',
    ])
    writeFileSync(join(folder, 'standby.signal'), '')
  },

  command: (context) => postgresCommand(context, 'postgres-replica'),

  async probe(context) {
    await withSuperuser(context, context.ports.postgresReplica, async (client) => {
      const { rows } = await client.query(
        "SELECT status FROM pg_stat_wal_receiver WHERE status = 'streaming'",
      )
      if (rows.length === 0) throw new Error('it does not stream from the primary yet')
    })
  },

  // It ran but never streamed: it has diverged, or the primary no longer has the log it needs. It holds nothing of its own.
  async mend(context) {
    context.report('postgres-replica: it cannot follow the primary; copying again')
    rmSync(dataFolder(context, 'postgres-replica'), { recursive: true, force: true })
    return true
  },
}

async function copyPrimary(context: ServerContext, folder: string, connection: string): Promise<void> {
  const [file, ...args] = asUnprivileged([
    join(context.stack.postgresBin, 'pg_basebackup'),
    ...['--pgdata', folder, '--dbname', connection, '--wal-method=stream', '--checkpoint=fast'],
    ...(context.durable ? [] : ['--no-sync']),
  ]) as [string, ...string[]]
  await run(file, args, { env: postgresEnv() })
}

/** Both carry the system identifier that initdb gave the primary. */
async function followsPrimary(context: ServerContext, folder: string): Promise<boolean> {
  try {
    const control = await run(join(context.stack.postgresBin, 'pg_controldata'), ['-D', folder], {
      env: postgresEnv(),
    })
    const own = /system identifier:\s+(\d+)/.exec(control)?.[1]
    return await withSuperuser(context, context.ports.postgres, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        'SELECT system_identifier::text AS id FROM pg_control_system()',
      )
      return rows[0]?.id === own
    })
  } catch {
    return false
  }
}
