import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Keeps an account's photos off the pages of the muter's feed, for good or until `until`. */
export const Mute = defineEntity({
  name: 'Mute',
  tableName: 'mutes',
  properties: {
    muterId: p.bigint('string').primary(),
    mutedId: p.bigint('string').primary(),
    until: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
  },
})
export type Mute = InferEntity<typeof Mute>
