import { MikroORM, type EntityManager, type Options } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { CompiledQuery } from 'kysely'
import { DatabaseError, Pool, types, type QueryResultRow } from 'pg'
import * as entities from '../../entities/index.ts'
import { connectionOptions, textWithName } from './connections.ts'
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

interface TransactionOptions {
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
  /**
   * Runs statements on one connection of the primary, each in its own transaction: once it is lost, none runs any more.
   * The connection is closed if `work` throws; else what it set or locked for the session is its own to undo.
   */
  session<T>(work: (query: Query) => Promise<T>): Promise<T>
  rotation: ReplicaRotation
  close(): Promise<void>
}

export interface DatabaseOptions {
  url: string
  /** Without a replica, reads go to the primary. */
  replicaUrl?: string | undefined
  /** The replica's application_name, by which the primary knows it. */
  replicaName?: string
  /** The maximum number of connections to each server. */
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
    // The migration command reports the applied migrations itself.
    migrations: { migrationsList: migrations, snapshot: false, disableForeignKeys: false, silent: true },
    pool: { min: 0, max: options.poolSize ?? 4 },
    // Rows arrive as node-postgres makes them, whether entities or statements asked for them.
    driverOptions: {
      types: { getTypeParser: types.getTypeParser },
      ...connectionOptions({ applicationName: 'darkroom', statementTimeoutMs: 0, ...options }),
    },
    preferReadReplicas: false,
    forceUtcTimezone: true,
    ensureDatabase: false,
  }
}

/**
 * Connects to the primary and, where configured, a replica. Connections are opened on first use, at most `poolSize` to
 * each server. A transaction occupies one until it ends, so nothing within it may ask `primary` for another.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const orm = await MikroORM.init(ormOptions(options))
  const connection = orm.em.getDriver().getConnection()
  // Opens no connection yet, and so does not fail while the server is down.
  await connection.connect({ skipOnConnect: true })
  const primaryPool = await connection.getNativeClient()
  const replicaPool = options.replicaUrl ? openReplicaPool(options.replicaUrl, options) : undefined
  const rotation = createReplicaRotation(primaryPool, replicaPool, options.replicaName)
  const queryOf =
    (connection: Pick<Pool, 'query'>): Query =>
    async <Row extends QueryResultRow>(statement: Statement) =>
      (await connection.query<Row>({ ...statement, values: [...(statement.values ?? [])] })).rows

  return {
    orm,
    primary: queryOf(primaryPool),
    async replica(statement) {
      const pool = rotation.current()
      try {
        return await rotation.unlessSilent(pool, queryOf(pool)(statement))
      } catch (error) {
        if (pool === primaryPool || !isReplicaTrouble(error)) throw error
        rotation.distrust()
        return queryOf(primaryPool)(statement)
      }
    },
    transaction: (work, { narrows = false } = {}) =>
      orm.em.fork().transactional(async (em) => {
        const query: Query = async ({ values, ...statement }) => {
          const compiled = CompiledQuery.raw(textWithName(statement), [...(values ?? [])])
          return (await em.getKysely().executeQuery<never>(compiled)).rows
        }
        if (narrows) await query({ text: 'SET LOCAL synchronous_commit = remote_apply' })
        return work({ em, query })
      }),
    async session(work) {
      const client = await primaryPool.connect()
      // What runs on it fails; without a listener the process would.
      const ignore = () => {}
      client.on('error', ignore)
      let isWell = false
      try {
        const result = await work(queryOf(client))
        isWell = true
        return result
      } finally {
        client.release(!isWell)
        client.off('error', ignore)
      }
    },
    rotation,
    async close() {
      rotation.stop()
      await Promise.all([orm.close(), replicaPool?.end()])
    },
  }
}

function openReplicaPool(url: string, options: DatabaseOptions): Pool {
  const pool = new Pool({ connectionString: url, max: options.poolSize, ...connectionOptions(options) })
  // A dropped idle connection is replaced on next use; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

/** The connection broke, the server is going or coming, or replay was in the query's way: the primary can answer. */
function isReplicaTrouble(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return error instanceof Error
  // Class 08: connection; 57P: shutdown and start-up; 40001: conflict with recovery. No DatabaseError: the socket's own.
  return /^(08|57P|40001)/.test(error.code ?? '')
}
