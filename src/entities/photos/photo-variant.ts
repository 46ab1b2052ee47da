import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

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
    /** The settings that it was made with (`recipeOf` of domain/variants.ts); unknown of originals and of variants from before v0.3. */
    recipe: p.string().length(MAX_CHARACTERS.recipe).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoVariant = InferEntity<typeof PhotoVariant>
export type PhotoVariantRow = Row<typeof PhotoVariant>
