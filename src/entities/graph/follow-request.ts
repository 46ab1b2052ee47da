import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A request to follow a private account, until it is accepted or declined. */
export const FollowRequest = defineEntity({
  name: 'FollowRequest',
  tableName: 'follow_requests',
  checks: [{ name: 'follow_requests_check', expression: 'follower_id <> followee_id' }],
  properties: {
    followerId: p.bigint('string').primary(),
    followeeId: p.bigint('string').primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type FollowRequest = InferEntity<typeof FollowRequest>
