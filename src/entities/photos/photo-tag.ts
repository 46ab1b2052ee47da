import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A hashtag of a photo's caption: `tag` folded, `display` as written, `position` its order in the caption. */
export const PhotoTag = defineEntity({
  name: 'PhotoTag',
  tableName: 'photo_tags',
  properties: {
    photoId: p.uuid().primary(),
    tag: p.string().length(100).primary(),
    display: p.string().length(400),
    position: p.smallint(),
  },
})
export type PhotoTag = InferEntity<typeof PhotoTag>
