import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** A hashtag of a photo's caption: `tag` folded, `display` as written, `position` its order in the caption. */
export const PhotoTag = defineEntity({
  name: 'PhotoTag',
  tableName: 'photo_tags',
  properties: {
    photoId: p.uuid().primary(),
    tag: p.string().length(MAX_CHARACTERS.tag).primary(),
    display: p.string().length(MAX_CHARACTERS.tagDisplay),
    position: p.smallint(),
  },
})
export type PhotoTag = InferEntity<typeof PhotoTag>
