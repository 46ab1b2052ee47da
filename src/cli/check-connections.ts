import type { Config } from '../config/config.ts'
import { openDatabase } from '../infra/db/database.ts'

/** api, orchestration, media, fanout and fanout-bulk. */
const PROCESSES = 5

/**
 * Checks that Postgres accepts the connections that one process of each kind may hold, and reports for how many processes
 * there is room.
 * @throws if there are too few
 */
export async function checkConnections(
  { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize }: Pick<Config, 'DATABASE_URL' | 'DATABASE_POOL_SIZE'>,
  progress: (line: string) => void,
): Promise<void> {
  const db = await openDatabase({
    url,
    poolSize: 1,
    statementTimeoutMs: 10_000,
    applicationName: 'darkroom-setup',
  })
  try {
    const [row] = await db.primary<{ allowed: number }>({
      text: `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - current_setting('reserved_connections')::int AS allowed`,
    })
    const { allowed } = row!
    const needed = PROCESSES * poolSize
    if (allowed < needed)
      throw new Error(
        `database: ${PROCESSES} processes with DATABASE_POOL_SIZE=${poolSize} may hold ${needed} connections, but Postgres ` +
          `accepts ${allowed}. Lower DATABASE_POOL_SIZE or raise max_connections.`,
      )
    progress(
      `database: accepts ${allowed} connections, ${poolSize} for each of up to ${Math.floor(allowed / poolSize)} processes`,
    )
  } finally {
    await db.close()
  }
}
