import pg from 'pg'
import { attachInstance } from '../../../stack/instance.ts'
import { loadSecrets } from '../../../stack/instance/secrets.ts'

/** Has the replica answer from where it stands, while it goes on receiving. */
export const pauseReplay = () => onReplica('SELECT pg_wal_replay_pause()')
export const resumeReplay = () => onReplica('SELECT pg_wal_replay_resume()')

/** As the superuser of the test instance: the app's role may not. */
async function onReplica(statement: string): Promise<void> {
  const instance = attachInstance(process.env.DARKROOM_INSTANCE_DIR!)
  const client = new pg.Client({
    host: '127.0.0.1',
    port: instance.ports.postgresReplica,
    user: 'postgres',
    password: loadSecrets(instance.layout.secrets).postgresSuperuser,
    database: 'postgres',
  })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
