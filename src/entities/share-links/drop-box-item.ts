import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A photo that a guest uploaded through a link. It is the album owner's, and `offered` until they approve it. */
export const DropBoxItem = defineEntity({
  name: 'DropBoxItem',
  tableName: 'drop_box_items',
  properties: {
    photoId: p.uuid().primary(),
    /** Null once the album is deleted. */
    albumId: p.uuid().nullable(),
    /** Null once the link is revoked. */
    linkId: p.uuid().nullable(),
    name: p.string().length(MAX_CHARACTERS.guestName).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type DropBoxItem = InferEntity<typeof DropBoxItem>
export type DropBoxItemRow = Row<typeof DropBoxItem>
