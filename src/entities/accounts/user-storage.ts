import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * What an account's originals take: those of every photo that is neither failed nor deleted, by their declared bytes. Written
 * only by deferred triggers of `photos`, and by the sweep that compares it with them (ADR 34).
 */
export const UserStorage = defineEntity({
  name: 'UserStorage',
  tableName: 'user_storage',
  properties: {
    userId: p.bigint('string').primary().autoincrement(false),
    bytes: p.bigint('string').default('0'),
    photos: p.bigint('string').default('0'),
  },
})
export type UserStorage = InferEntity<typeof UserStorage>
