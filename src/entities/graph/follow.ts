import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** An edge of the social graph. `followerBucket` is computed by Postgres (feed_bucket). */
export const Follow = defineEntity({
  name: 'Follow',
  tableName: 'follows',
  properties: {
    followerId: p.bigint('string').primary(),
    followeeId: p.bigint('string').primary(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
    followerBucket: p.smallint().persist(false),
  },
})
export type Follow = InferEntity<typeof Follow>
