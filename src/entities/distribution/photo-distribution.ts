import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/**
 * Whether stored feeds hold a photo: `none`, `all`, or null while a push or collection is owed. A trigger of `photos`
 * writes the null; a photo without a row never belonged in a feed.
 */
export const PhotoDistribution = defineEntity({
  name: 'PhotoDistribution',
  tableName: 'photo_distribution',
  properties: {
    photoId: p.uuid().primary(),
    distribution: p.enum(['none', 'all'] as const).nullable(),
    since: p.datetime(3),
  },
})
export type PhotoDistributionRow = Row<typeof PhotoDistribution>
export type PhotoDistribution = InferEntity<typeof PhotoDistribution>
