import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * One slot of a user's counters; the value is the sum over up to 16 slots, so that no row of a celebrity is hot (ADR
 * 14).
 */
export const UserCounters = defineEntity({
  name: 'UserCounters',
  tableName: 'user_counters',
  checks: [{ name: 'user_counters_slot_check', expression: 'slot >= 0 AND slot <= 15' }],
  properties: {
    userId: p.bigint('string').primary(),
    slot: p.smallint().primary(),
    followers: p.bigint('string').default('0'),
    following: p.bigint('string').default('0'),
  },
})
export type UserCounters = InferEntity<typeof UserCounters>
