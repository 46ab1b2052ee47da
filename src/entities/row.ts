import type { EntitySchemaWithMeta } from '@mikro-orm/core'
import type { InferKyselyTable } from '@mikro-orm/postgresql'
import type { Selectable } from 'kysely'

/** A row of an entity's table as a statement returns it: columns in snake_case, bigints as strings. */
export type Row<Entity extends EntitySchemaWithMeta> = Selectable<InferKyselyTable<Entity>>

/** A row of the nullable side of an outer join. */
export type OrNull<Row> = { [Column in keyof Row]: Row[Column] | null }
