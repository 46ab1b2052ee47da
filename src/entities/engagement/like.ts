import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** An account likes a photo, at most once; counted in `photo_counters`. */
export const Like = defineEntity({
  name: 'Like',
  tableName: 'likes',
  properties: {
    photoId: p.uuid().primary(),
    userId: p.bigint('string').primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Like = InferEntity<typeof Like>
