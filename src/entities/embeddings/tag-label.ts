import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A tag that photos may be offered, with the embedding of its text (domain/auto-tags.ts). */
export const TagLabel = defineEntity({
  name: 'TagLabel',
  tableName: 'tag_labels',
  properties: {
    /** And its version. */
    model: p.string().length(MAX_CHARACTERS.embeddingModel).primary(),
    /** Folded. */
    tag: p.string().length(MAX_CHARACTERS.tag).primary(),
    /** As written. */
    display: p.string().length(MAX_CHARACTERS.tagDisplay),
    text: p.string().length(MAX_CHARACTERS.tagLabel),
    vector: p.blob().$type<Buffer>(),
  },
})
export type TagLabel = InferEntity<typeof TagLabel>
export type TagLabelRow = Row<typeof TagLabel>
