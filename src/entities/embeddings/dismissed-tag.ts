import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** A tag that was offered to the owner of a photo, who does not want it. */
export const DismissedTag = defineEntity({
  name: 'DismissedTag',
  tableName: 'dismissed_tags',
  properties: {
    photoId: p.uuid().primary(),
    tag: p.string().length(MAX_CHARACTERS.tag).primary(),
  },
})
export type DismissedTag = InferEntity<typeof DismissedTag>
