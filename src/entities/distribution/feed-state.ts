import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/**
 * What is known about a user's feed. Every change of the accounts that they follow raises `epoch`, which voids older
 * claims of completeness; `collectedEpoch` is the epoch up to which the sweep has checked their rows.
 */
export const FeedState = defineEntity({
  name: 'FeedState',
  tableName: 'feed_state',
  properties: {
    userId: p.bigint('string').primary().autoincrement(false),
    epoch: p.bigint('string').default('0'),
    enrolled: p.boolean().default(false),
    rowsEpoch: p.bigint('string').nullable(),
    rowsFrom: p.bigint('string').nullable(),
    lastReadAt: p.datetime(3).nullable(),
    collectedEpoch: p.bigint('string').default('0'),
  },
})
export type FeedState = InferEntity<typeof FeedState>
export type FeedStateRow = Row<typeof FeedState>
