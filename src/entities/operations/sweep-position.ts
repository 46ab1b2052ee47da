import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** How far a sweep that takes many runs has come. */
export const SweepPosition = defineEntity({
  name: 'SweepPosition',
  tableName: 'sweep_positions',
  properties: {
    name: p.string().length(64).primary(),
    position: p.string().length(MAX_CHARACTERS.objectKey),
  },
})
export type SweepPosition = InferEntity<typeof SweepPosition>
