import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/**
 * A photo whose likes have passed a power of two, in one of its counters' rows, since its search document was written. A trigger of
 * `photo_counters` writes it; whoever writes the document anew deletes it, if it was not marked again meanwhile.
 */
export const PopularityMark = defineEntity({
  name: 'PopularityMark',
  tableName: 'popularity_marks',
  properties: {
    photoId: p.uuid().primary(),
    /** How often it was marked. */
    marks: p.integer().default(1),
  },
})
export type PopularityMark = InferEntity<typeof PopularityMark>
export type PopularityMarkRow = Row<typeof PopularityMark>
