import { createHash, randomBytes, randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import type { Database } from '../../../src/infra/db/database.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../src/infra/db/migrations')
/** Any number that nothing else on the server locks. */
const TEMPLATE_LOCK = 0x746d_706c
/** Redis is shared by all databases, and its keys name users: each database deals out ids of its own. */
const MAX_FIRST_USER_ID = 1e12

/** The same server, another database. */
export function inDatabase(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

/**
 * Migrates a database once; each test file then gets a copy of it. Runs that share an instance share the template, as long
 * as they have the same migrations.
 * @returns its name
 */
export async function ensureTemplate(url: string): Promise<string> {
  const name = `dk_template_${hashOfMigrations()}`
  await asAdmin(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK])
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rowCount) return
    // Another name until it is complete: a run that is killed here leaves no half a template.
    const unfinished = `${name}_unfinished`
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${unfinished}`)
    await migrate(inDatabase(url, unfinished))
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`)
  })
  return name
}

/** Copies the template. @returns the URL of the copy */
export async function createTestDatabase(url: string, template: string, name: string): Promise<string> {
  await asAdmin(url, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`))
  const own = inDatabase(url, name)
  await startUserIds(own)
  return own
}

/**
 * A database of its own that is migrated only up to a migration, for what the next one does with stored rows.
 * @returns its connection, and what closes and deletes it
 */
export async function openDatabaseAt(
  url: string,
  migration: string,
): Promise<{ db: Database; drop: () => Promise<void> }> {
  const name = `dk_migration_${randomBytes(6).toString('hex')}`
  await asAdmin(url, (client) => client.query(`CREATE DATABASE ${name}`))
  const db = await openToMigrate(inDatabase(url, name))
  await db.orm.migrator.up({ to: migration })
  return {
    db,
    async drop() {
      await db.close()
      await asAdmin(url, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}

/** Deletes what a run has created in a server that outlives it. */
export async function dropTestDatabases(url: string, prefix: string): Promise<void> {
  await asAdmin(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    )
    for (const { name } of rows) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
}

export async function migrate(url: string): Promise<void> {
  const db = await openToMigrate(url)
  try {
    await db.orm.migrator.up()
  } finally {
    await db.close()
  }
}

/** The ORM is loaded here alone: this file runs before each test file, and many need no ORM. */
async function openToMigrate(url: string): Promise<Database> {
  const { openDatabase } = await import('../../../src/infra/db/database.ts')
  return openDatabase({ url, poolSize: 1, statementTimeoutMs: 0, applicationName: 'migrate' })
}

export async function startUserIds(url: string): Promise<void> {
  const firstId = randomInt(1_000_000, MAX_FIRST_USER_ID)
  await withClient(url, (client) =>
    client.query(`ALTER TABLE users ALTER COLUMN user_id RESTART WITH ${firstId}`),
  )
}

function hashOfMigrations(): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(MIGRATIONS).sort())
    hash.update(file).update(readFileSync(join(MIGRATIONS, file)))
  return hash.digest('hex').slice(0, 12)
}

const asAdmin = (url: string, work: (client: Client) => Promise<unknown>) =>
  withClient(inDatabase(url, 'postgres'), work)

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
