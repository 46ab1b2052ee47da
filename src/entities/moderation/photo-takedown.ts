import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { TAKEN_DOWN_FROM } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** A photo that moderation took down, and the status that a restoration gives back. */
export const PhotoTakedown = defineEntity({
  name: 'PhotoTakedown',
  tableName: 'photo_takedowns',
  properties: {
    photoId: p.uuid().primary(),
    previousStatus: p.enum(TAKEN_DOWN_FROM),
    takenDownAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoTakedown = InferEntity<typeof PhotoTakedown>
export type PhotoTakedownRow = Row<typeof PhotoTakedown>
