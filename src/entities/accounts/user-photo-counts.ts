import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A user's ready photos by visibility, written only by triggers of `photos`. */
export const UserPhotoCounts = defineEntity({
  name: 'UserPhotoCounts',
  tableName: 'user_photo_counts',
  properties: {
    userId: p.bigint('string').primary().autoincrement(false),
    publicPhotos: p.bigint('string').default('0'),
    followersPhotos: p.bigint('string').default('0'),
    privatePhotos: p.bigint('string').default('0'),
  },
})
export type UserPhotoCounts = InferEntity<typeof UserPhotoCounts>
