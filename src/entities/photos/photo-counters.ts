import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** One slot of a photo's counts; the value is the sum over its slots (ADR 14). Without a row all counts are 0. */
export const PhotoCounters = defineEntity({
  name: 'PhotoCounters',
  tableName: 'photo_counters',
  checks: [{ name: 'photo_counters_slot_check', expression: 'slot >= 0 AND slot <= 15' }],
  properties: {
    photoId: p.uuid().primary(),
    slot: p.smallint().primary(),
    likes: p.integer().default(0),
    comments: p.integer().default(0),
  },
})
export type PhotoCounters = InferEntity<typeof PhotoCounters>
