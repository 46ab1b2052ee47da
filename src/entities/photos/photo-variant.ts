import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A stored rendition of a photo (`thumb_200`, `medium_800`, `original`) in one format. */
export const PhotoVariant = defineEntity({
  name: 'PhotoVariant',
  tableName: 'photo_variants',
  properties: {
    photoId: p.uuid().primary(),
    variant: p.string().length(32).primary(),
    format: p.string().length(16).primary(),
    objectKey: p.string().length(1024),
    width: p.integer(),
    height: p.integer(),
    bytes: p.bigint('string'),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoVariant = InferEntity<typeof PhotoVariant>
