import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../../src/infra/db/database.ts'
import { ensureStack } from '../../../stack/install/install.ts'
import { deleteInstance, startInstance } from '../../../stack/instance.ts'

/** A primary of a test's own, migrated and without a replica, which it may kill. */
export interface PrivatePostgres {
  url: string
  /** Resolves when all of its processes have gone. */
  kill(): Promise<void>
  /** Starts again on the same port and data; resolves when it has recovered. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function startPostgres(): Promise<PrivatePostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-postgres-'))
  const report = () => undefined
  const instance = await startInstance({
    dir,
    stack: await ensureStack(report),
    lifetime: 'owned',
    kind: 'throw-away',
    nodeEnv: 'test',
    given: {},
    only: ['postgres'],
    report,
  })
  const url = instance.env.DATABASE_URL!
  const db = await openDatabase({ url, poolSize: 1, statementTimeoutMs: 0, applicationName: 'migrate' })
  await db.orm.migrator.up()
  await db.close()
  return {
    url,
    kill: () => instance.stopServer('postgres', 'SIGKILL'),
    restart: () => instance.startServer('postgres'),
    close: () => deleteInstance(dir),
  }
}
