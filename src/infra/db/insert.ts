import { UnderscoreNamingStrategy, type EntitySchemaWithMeta } from '@mikro-orm/core'
import type { InferKyselyTable } from '@mikro-orm/postgresql'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Compilable,
  type Expression,
  type InsertQueryBuilder,
  type InsertResult,
  type InsertType,
} from 'kysely'
import type { QueryResultRow } from 'pg'
import type { Query } from './database.ts'

/** An entity's columns under the names of its properties. */
type Columns<Entity extends EntitySchemaWithMeta> = InferKyselyTable<
  Entity,
  { columnNamingStrategy: 'property' }
>

type WithDefault<Table> = {
  [Name in keyof Table]: undefined extends InsertType<Table[Name]> ? Name : never
}[keyof Table]

type MayBeNull<Table> = {
  [Name in keyof Table]: null extends InsertType<Table[Name]> ? Name : never
}[keyof Table]

type Value<Type> = Type | Expression<Type>

/**
 * A new row of an entity: each column without a default, even if it may be null, except `Unset`. A column added to the
 * entity is thus a type error at each of its INSERTs until that sets it or lists it as unset.
 */
export type NewRow<Entity extends EntitySchemaWithMeta, Unset = never> = {
  [Name in Exclude<keyof Columns<Entity>, WithDefault<Columns<Entity>> | Unset>]: Value<
    InsertType<Columns<Entity>[Name]>
  >
} & {
  [Name in WithDefault<Columns<Entity>>]?: Value<Exclude<InsertType<Columns<Entity>[Name]>, undefined>>
}

/** Refuses properties that are not columns, even spread ones, which TypeScript does not check by itself. */
type NothingElse<Row, Allowed> = Row & { [Name in Exclude<keyof Row, keyof Allowed>]: never }

/** Statements are compiled here and run by a `Query`, so that they share its connections and deadlines. */
const compiler = new Kysely<Record<string, Record<string, unknown>>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const naming = new UnderscoreNamingStrategy()

/**
 * An INSERT of one row.
 * @param unset columns that stay null or at their default until a later statement sets them
 */
export function insertRow<
  Entity extends EntitySchemaWithMeta,
  Row extends NewRow<Entity, Unset>,
  Unset extends MayBeNull<Columns<Entity>> = never,
>(
  entity: Entity,
  row: NothingElse<Row, Columns<Entity>>,
  unset: readonly Unset[] = [],
): InsertQueryBuilder<{ inserted: InferKyselyTable<Entity> }, 'inserted', InsertResult> {
  void unset
  const columns = Object.entries(row)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [naming.propertyToColumnName(name), value])
  return compiler
    .insertInto(entity.meta.tableName)
    .values(Object.fromEntries(columns) as Record<string, unknown>) as never
}

/** Runs a compiled statement; its rows have the columns that it returns. */
export async function run<Output>(query: Query, statement: Compilable<Output>): Promise<Output[]> {
  const { sql: text, parameters: values } = statement.compile()
  return (await query<QueryResultRow>({ text, values })) as Output[]
}
