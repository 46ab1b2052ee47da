import { MikroORM, type EntityManager, type Options } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { CompiledQuery } from 'kysely'
import { Pool, types, type QueryResultRow } from 'pg'
import * as entities from '../../entities/index.ts'
import { migrations } from './migrations/index.ts'
import { createReplicaRotation, type ReplicaRotation } from './replica.ts'

/** A statement with `$1` parameters. `name` makes it a prepared statement, kept by each connection. */
export interface Statement {
  name?: string
  text: string
  values?: readonly unknown[]
}

/** Runs one statement and returns its rows. bigint and numeric arrive as strings, timestamps as `Date`. */
export type Query = <Row extends QueryResultRow = QueryResultRow>(statement: Statement) => Promise<Row[]>

/** A transaction on the primary: entities through `em`, set-based SQL through `query`, both on one connection. */
export interface Transaction {
  em: EntityManager
  query: Query
}

export interface TransactionOptions {
  /**
   * The transaction takes a right from someone (unfollow, narrower visibility, delete): it commits with
   * `synchronous_commit = remote_apply`, so that the next read on a replica already obeys it.
   */
  narrows?: boolean
}

export interface Database {
  orm: MikroORM
  /** Runs a statement on the primary, in its own transaction. */
  primary: Query
  /** Runs a statement on a replica in rotation, else on the primary. For reads that rights commits have reached. */
  replica: Query
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  rotation: ReplicaRotation
  close(): Promise<void>
}

export interface DatabaseOptions {
  url: string
  /** Without one, reads go to the primary. */
  replicaUrl?: string | undefined
  poolSize: number
  statementTimeoutMs: number
  applicationName: string
}

/** MikroORM's options, shared with its command line. */
export function ormOptions(options: Pick<DatabaseOptions, 'url'> & Partial<DatabaseOptions>): Options {
  return {
    clientUrl: options.url,
    entities: Object.values(entities),
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, disableForeignKeys: false },
    pool: { min: 0, max: options.poolSize ?? 4 },
    // The same row types whether a statement runs through MikroORM's connection or ours.
    driverOptions: {
      types: { getTypeParser: types.getTypeParser },
      application_name: options.applicationName ?? 'darkroom',
      statement_timeout: options.statementTimeoutMs ?? 0,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    },
    preferReadReplicas: false,
    forceUtcTimezone: true,
    ensureDatabase: false,
  }
}

/** How long a request waits for a free or new connection before it is answered 503. */
const CONNECTION_TIMEOUT_MS = 5_000

/** Connects to the primary and, where configured, a replica. Connections are opened on first use. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const orm = await MikroORM.init(ormOptions(options))
  const poolOf = (url: string): Pool => {
    const pool = new Pool({
      connectionString: url,
      max: options.poolSize,
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    })
    // A dropped idle connection is replaced on next use; without a listener it would end the process.
    pool.on('error', () => {})
    return pool
  }
  const primaryPool = poolOf(options.url)
  const replicaPool = options.replicaUrl ? poolOf(options.replicaUrl) : undefined
  const rotation = createReplicaRotation(primaryPool, replicaPool)
  const queryOf =
    (pool: Pool): Query =>
    async <Row extends QueryResultRow>(statement: Statement) =>
      (await pool.query<Row>({ ...statement, values: [...(statement.values ?? [])] })).rows

  return {
    orm,
    primary: queryOf(primaryPool),
    async replica(statement) {
      const pool = rotation.current()
      try {
        return await queryOf(pool)(statement)
      } catch (error) {
        if (pool === primaryPool || !isReplicaTrouble(error)) throw error
        rotation.distrust()
        return queryOf(primaryPool)(statement)
      }
    },
    transaction: (work, { narrows = false } = {}) =>
      orm.em.fork().transactional(async (em) => {
        const query: Query = async ({ text, values }) =>
          (await em.getKysely().executeQuery<never>(CompiledQuery.raw(text, [...(values ?? [])]))).rows
        if (narrows) await query({ text: 'SET LOCAL synchronous_commit = remote_apply' })
        return work({ em, query })
      }),
    rotation,
    async close() {
      rotation.stop()
      await Promise.all([orm.close(), primaryPool.end(), replicaPool?.end()])
    },
  }
}

/** The connection broke, the server is going or coming, or replay was in the query's way: the primary can answer. */
function isReplicaTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  // Class 08: connection; 57P: shutdown and start-up; 40001: conflict with recovery. Without SQLSTATE: the socket's own.
  return typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|40001)/.test(code)
}
