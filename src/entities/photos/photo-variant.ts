import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** A stored rendition of a photo (`thumb_200`, `medium_800`, `original`) in one format. */
export const PhotoVariant = defineEntity({
  name: 'PhotoVariant',
  tableName: 'photo_variants',
  properties: {
    photoId: p.uuid().primary(),
    variant: p.string().length(MAX_CHARACTERS.variant).primary(),
    format: p.string().length(MAX_CHARACTERS.format).primary(),
    objectKey: p.string().length(MAX_CHARACTERS.objectKey),
    width: p.integer(),
    height: p.integer(),
    bytes: p.bigint('string'),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoVariant = InferEntity<typeof PhotoVariant>
