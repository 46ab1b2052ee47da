import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Keeps an account off the pages of the muter's feed and out of their notifications, for good or until `until`. */
export const Mute = defineEntity({
  name: 'Mute',
  tableName: 'mutes',
  checks: [{ name: 'mutes_check', expression: 'muter_id <> muted_id' }],
  properties: {
    muterId: p.bigint('string').primary(),
    mutedId: p.bigint('string').primary(),
    until: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Mute = InferEntity<typeof Mute>
