import { loadConfig, type Config } from '../config/config.ts'
import { openDatabase, type Database } from '../infra/db/database.ts'

/** Runs what a command does on the database that the settings name, and closes it. */
export async function withDatabase(work: (db: Database, config: Config) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const db = await openDatabase({
    url: config.DATABASE_URL,
    poolSize: 1,
    statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
    applicationName: 'darkroom-command',
  })
  try {
    await work(db, config)
  } finally {
    await db.close()
  }
}
