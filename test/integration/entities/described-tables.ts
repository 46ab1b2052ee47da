import type { EntityMetadata, EntityProperty, MikroORM } from '@mikro-orm/core'
import type { Query } from '../../../src/infra/db/database.ts'

/** A table, told the same way by its entity and by Postgres' catalog. */
interface DescribedTable {
  columns: Record<string, DescribedColumn>
  primaryKey: string[]
  /** Name to expression, as Postgres prints it; those that list a column's values are in `values`. */
  checks: Record<string, string>
}

interface DescribedColumn {
  /** As Postgres prints it, with its length or precision. */
  type: string
  nullable: boolean
  identity: boolean
  /** The expression without its casts. */
  default: string | null
  generated: string | null
  /** The values that an enum admits. */
  values: string[] | null
}

type DescribedTables = Record<string, DescribedTable>

/** MikroORM keeps the list of migrations that ran in a table of its own. */
const NOT_OURS = ['mikro_orm_migrations']

/** The tables as src/entities describes them. */
export async function tablesOfEntities(orm: MikroORM, query: Query): Promise<DescribedTables> {
  const entities = [...orm.getMetadata().getAll().values()]
  const canonical = await canonicalTypes(query, entities)
  return Object.fromEntries(
    entities.map((entity) => [
      entity.tableName,
      {
        columns: Object.fromEntries(
          Object.values<EntityProperty>(entity.properties).map((property) => [
            property.fieldNames[0]!,
            {
              type: canonical.get(property.columnTypes[0]!)!,
              nullable: property.nullable ?? false,
              identity: property.autoincrement ?? false,
              default: unquoted(property.defaultRaw) ?? null,
              generated: typeof property.generated === 'string' ? property.generated : null,
              values: property.enum ? property.items!.map(String) : null,
            },
          ]),
        ),
        primaryKey: Object.values<EntityProperty>(entity.properties)
          .filter((property) => property.primary)
          .map((property) => property.fieldNames[0]!),
        checks: Object.fromEntries(
          entity.checks
            .filter(({ property }) => !property)
            .map(({ name, expression }) => [name, expression as string]),
        ),
      },
    ]),
  )
}

/** MikroORM quotes the default of a bigint. */
function unquoted(expression: string | undefined): string | undefined {
  return expression?.replace(/^'(\d+)'$/, '$1')
}

/** Postgres' own spelling of a type, so that `int` and `integer` are one. */
async function canonicalTypes(
  query: Query,
  entities: readonly EntityMetadata[],
): Promise<Map<string, string>> {
  const types = entities.flatMap((entity) =>
    Object.values<EntityProperty>(entity.properties).map((property) => property.columnTypes[0]!),
  )
  const rows = await query<{ written: string; printed: string }>({
    text: `SELECT written, format_type(to_regtype(name), to_regtypemod(name)) AS printed
           FROM unnest($1::text[]) AS written, replace(written, 'bigserial', 'bigint') AS name`,
    values: [[...new Set(types)]],
  })
  return new Map(rows.map(({ written, printed }) => [written, printed]))
}

/** The tables as they are in the database; partitions are part of theirs. */
export async function tablesOfCatalog(query: Query): Promise<DescribedTables> {
  const rows = await query<CatalogRow>({ text: CATALOG, values: [NOT_OURS] })
  return Object.fromEntries(
    rows.map(({ name, columns, primary_key: primaryKey, checks }) => {
      const valuesOf = new Map<string, string[]>()
      const otherChecks: Record<string, string> = {}
      for (const check of checks) {
        const listed = LISTED_VALUES.exec(check.expression)
        if (listed)
          valuesOf.set(
            listed[1]!,
            [...listed[2]!.matchAll(/'([^']*)'/g)].map(([, value]) => value!),
          )
        else otherChecks[check.name] = withoutCasts(check.expression)!
      }
      return [
        name,
        {
          columns: Object.fromEntries(
            columns.map(({ name, expression, ...column }) => [
              name,
              {
                type: column.type,
                nullable: column.nullable,
                identity: column.identity,
                default: column.generated ? null : withoutCasts(expression),
                generated: column.generated ? withoutCasts(expression) : null,
                values: valuesOf.get(name) ?? null,
              },
            ]),
          ),
          primaryKey,
          checks: otherChecks,
        },
      ]
    }),
  )
}

/** `column IN ('a', 'b')`, as Postgres prints it. */
const LISTED_VALUES = /^\(?(\w+) = ANY \(ARRAY\[((?:'[^']*'::text(?:, )?)+)\]\)\)?$/

function withoutCasts(expression: string | null): string | null {
  return expression?.replaceAll(/::[a-z]+(\(\d+\))?/g, '') ?? null
}

interface CatalogRow {
  name: string
  columns: {
    name: string
    type: string
    nullable: boolean
    identity: boolean
    generated: boolean
    expression: string | null
  }[]
  primary_key: string[]
  checks: { name: string; expression: string }[]
}

const CATALOG = `
  SELECT t.relname AS name,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'nullable', NOT a.attnotnull, 'identity', a.attidentity = 'a', 'generated', a.attgenerated <> '',
        'expression', pg_get_expr(d.adbin, d.adrelid)))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    coalesce((SELECT json_agg(a.attname ORDER BY k.position)
      FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS k (attnum, position)
        JOIN pg_attribute a ON a.attnum = k.attnum
      WHERE p.conrelid = t.oid AND p.contype = 'p' AND a.attrelid = t.oid), '[]') AS primary_key,
    coalesce((SELECT json_agg(json_build_object('name', conname, 'expression', pg_get_expr(conbin, conrelid, true)))
      FROM pg_constraint WHERE conrelid = t.oid AND contype = 'c'), '[]') AS checks
  FROM pg_class t
  WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
    AND NOT t.relname = ANY ($1)`
