import { loadConfig } from '../config/config.ts'
import { openDatabase } from '../infra/db/database.ts'
import { messageOf } from '../observability/error-text.ts'

type Progress = (line: string) => void

/** Migrations may rewrite tables, so the statement timeout of requests does not apply to them. */
const MIGRATION_TIMEOUT_MS = 60 * 60 * 1000

/** Applies the missing migrations. */
export async function migrate(progress: Progress): Promise<void> {
  const config = loadConfig(process.env, 'command')
  const database = await openDatabase({
    url: config.DATABASE_URL,
    poolSize: 1,
    statementTimeoutMs: MIGRATION_TIMEOUT_MS,
    applicationName: 'darkroom-migrate',
  })
  try {
    const applied = await database.orm.migrator.up()
    for (const { name } of applied) progress(`database: applied ${name}`)
    progress(`database: up to date`)
  } catch (error) {
    throw new Error(`database: ${messageOf(error)}`, { cause: error })
  } finally {
    await database.close()
  }
}
