import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { ERASURE_PLAN } from '../../../src/services/leaving/erasure-plan.ts'

let db: Database
beforeAll(async () => {
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: 15_000,
    applicationName: 'erasure-plan-test',
  })
})
afterAll(() => db.close())

/** MikroORM's list of migrations. */
const NOT_OURS = ['mikro_orm_migrations']
/** How columns that refer to an account or a photo are named, whether or not a foreign key says so. */
const PERSONAL =
  /^(user|owner|author|actor|recipient|reporter|follower|followee|blocker|blocked|muter|muted|photo)_ids?$|_by$/
/** Columns of tables that tell of no account, and why. */
const HARMLESS: Readonly<Record<string, string>> = {
  'explore_orders.photo_ids': 'everyone saw them',
  'trending_tags.photo_ids': 'everyone saw them',
}

interface Column {
  table: string
  column: string
  [more: string]: unknown
}

const columns = () =>
  db.primary<Column>({
    text: `SELECT c.table_name AS "table", c.column_name AS "column" FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
        AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = format('%I.%I', c.table_schema, c.table_name)::regclass)
        AND c.table_name <> ALL ($1::text[]) ORDER BY 1, c.ordinal_position`,
    values: [NOT_OURS],
  })

const referring = () =>
  db.primary<Column>({
    text: `SELECT k.conrelid::regclass::text AS "table", a.attname AS "column" FROM pg_constraint k
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
      WHERE k.contype = 'f' AND k.confrelid IN ('users'::regclass, 'photos'::regclass)`,
  })

describe('the plan of erasures', () => {
  it('names every table, and no other', async () => {
    const tables = new Set((await columns()).map(({ table }) => table))
    expect(Object.keys(ERASURE_PLAN).sort()).toEqual([...tables].sort())
  })

  it('forgets no column that refers to an account or a photo', async () => {
    const impersonal = (table: string) => 'impersonal' in (ERASURE_PLAN[table] ?? {})
    const named = (await columns()).filter(({ column }) => PERSONAL.test(column))
    const wrong = [...named, ...(await referring())].filter(
      ({ table, column }) => impersonal(table) && !(`${table}.${column}` in HARMLESS),
    )
    expect(wrong).toEqual([])
  })

  it('holds only conditions and keys that the tables know', async () => {
    for (const [table, plan] of Object.entries(ERASURE_PLAN)) {
      if ('impersonal' in plan) continue
      const conditions = [
        'erased' in plan ? plan.erased?.('$1::bigint') : undefined,
        'kept' in plan ? plan.kept('$1::bigint') : undefined,
      ]
      for (const condition of conditions.filter((one) => one !== undefined))
        await db.primary({ text: `SELECT FROM ${table} WHERE ${condition} LIMIT 1`, values: ['0'] })
      if ('key' in plan && plan.key !== undefined)
        await db.primary({ text: `SELECT ${plan.key} FROM ${table} LIMIT 0` })
    }
  })
})
