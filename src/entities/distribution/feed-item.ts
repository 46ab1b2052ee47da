import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** A photo pushed into a user's feed; hash-partitioned by user. */
export const FeedItem = defineEntity({
  name: 'FeedItem',
  tableName: 'feed_items',
  properties: {
    userId: p.bigint('string').primary(),
    score: p.bigint('string').primary(),
    photoId: p.uuid().primary(),
  },
})
export type FeedItem = InferEntity<typeof FeedItem>
export type FeedItemRow = Row<typeof FeedItem>
