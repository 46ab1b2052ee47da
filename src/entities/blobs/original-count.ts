import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** Originals by where they are stored, as housekeeping last counted them. A `restored` one is a copy of a cold one. */
export const OriginalCount = defineEntity({
  name: 'OriginalCount',
  tableName: 'original_counts',
  properties: {
    tier: p.enum(['hot', 'cold', 'restored'] as const).primary(),
    originals: p.bigint('string'),
    bytes: p.bigint('string'),
  },
})
export type OriginalCount = InferEntity<typeof OriginalCount>
export type OriginalCountRow = Row<typeof OriginalCount>
