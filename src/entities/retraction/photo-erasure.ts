import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** The receipt of a photo that was deleted for good, with what was removed from each store. A trigger writes it with the deletion. */
export const PhotoErasure = defineEntity({
  name: 'PhotoErasure',
  tableName: 'photo_erasures',
  properties: {
    photoId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    requestedAt: p.datetime(3),
    /** When nothing of it was left in any store, which every edge had proven; null until then. */
    erasedAt: p.datetime(3).nullable(),
    objects: p.integer().default(0),
    edgePaths: p.integer().default(0),
    searchDocuments: p.integer().default(0),
  },
})
export type PhotoErasure = InferEntity<typeof PhotoErasure>
export type PhotoErasureRow = Row<typeof PhotoErasure>
