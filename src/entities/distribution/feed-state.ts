import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** What is known of a user's feed. Every change of who they follow raises `epoch` and voids older claims of completeness. */
export const FeedState = defineEntity({
  name: 'FeedState',
  tableName: 'feed_state',
  properties: {
    userId: p.bigint('string').primary(),
    epoch: p.bigint('number').default(0),
    enrolled: p.boolean().default(false),
    rowsEpoch: p.bigint('number').nullable(),
    rowsFrom: p.bigint('number').nullable(),
    lastReadAt: p.datetime(3).nullable(),
  },
})
export type FeedState = InferEntity<typeof FeedState>
