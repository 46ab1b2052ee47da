import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A follower and a followee: an edge of the social graph. Postgres computes `followerBucket` (feed_bucket). */
export const Follow = defineEntity({
  name: 'Follow',
  tableName: 'follows',
  checks: [{ name: 'follows_check', expression: 'follower_id <> followee_id' }],
  properties: {
    followerId: p.bigint('string').primary(),
    followeeId: p.bigint('string').primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    followerBucket: p.smallint().generated('feed_bucket(follower_id)').persist(false),
  },
})
export type Follow = InferEntity<typeof Follow>
