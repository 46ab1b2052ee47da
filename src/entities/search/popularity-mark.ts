import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/**
 * A photo whose likes have passed a power of two, in one of its counters' rows, since its search document was written. A trigger of
 * `photo_counters` adds one each time, so that likers do not wait for each other; whoever writes the document anew deletes those it
 * has seen.
 */
export const PopularityMark = defineEntity({
  name: 'PopularityMark',
  tableName: 'popularity_marks',
  properties: {
    markId: p.bigint('string').primary().autoincrement(),
    photoId: p.uuid(),
  },
})
export type PopularityMark = InferEntity<typeof PopularityMark>
export type PopularityMarkRow = Row<typeof PopularityMark>
