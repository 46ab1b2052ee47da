import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** The popular photos at a time, `generation` in ms since 1970, in the order in which explore shows them. */
export const ExploreOrder = defineEntity({
  name: 'ExploreOrder',
  tableName: 'explore_orders',
  properties: {
    generation: p.bigint('string').primary().autoincrement(false),
    photoIds: p.array().columnType('uuid[]'),
  },
})
export type ExploreOrder = InferEntity<typeof ExploreOrder>
