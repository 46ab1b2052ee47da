import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { ERASURE_STORES } from '../../domain/leaving.ts'
import type { Row } from '../row.ts'

/** A line of a receipt: what was removed of an account from one place of one store. */
export const AccountErasureItem = defineEntity({
  name: 'AccountErasureItem',
  tableName: 'account_erasure_items',
  properties: {
    erasureId: p.uuid().primary(),
    store: p.enum(ERASURE_STORES).primary(),
    /** A table, or what else it is. */
    what: p.string().length(64).primary(),
    removed: p.bigint('string').default('0'),
    /** What a store other than Postgres had of it at the last look: what is there no more at the next one was removed. */
    underWay: p.bigint('string').default('0'),
    /** What stays, as the plan says. */
    kept: p.bigint('string').default('0'),
    /** When nothing else of it was found any more. */
    verifiedAt: p.datetime(3).nullable(),
  },
})
export type AccountErasureItem = InferEntity<typeof AccountErasureItem>
export type AccountErasureItemRow = Row<typeof AccountErasureItem>
