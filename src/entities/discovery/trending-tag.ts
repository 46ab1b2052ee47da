import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** A tag that trended at a time, `generation` in ms since 1970. `photoIds` are the latest of each of its latest authors. */
export const TrendingTag = defineEntity({
  name: 'TrendingTag',
  tableName: 'trending_tags',
  properties: {
    generation: p.bigint('string').primary(),
    place: p.smallint().primary(),
    tag: p.string().length(MAX_CHARACTERS.tag),
    photoIds: p.array().columnType('uuid[]'),
  },
})
export type TrendingTag = InferEntity<typeof TrendingTag>
