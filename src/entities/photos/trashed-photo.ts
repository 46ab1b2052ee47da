import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** A photo in the trash: its owner may restore it until `erasesAt`. The row goes when the photo's status is no longer `trashed`. */
export const TrashedPhoto = defineEntity({
  name: 'TrashedPhoto',
  tableName: 'trashed_photos',
  properties: {
    photoId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    trashedAt: p.datetime(3).defaultRaw('now()'),
    erasesAt: p.datetime(3),
  },
})
export type TrashedPhoto = InferEntity<typeof TrashedPhoto>
export type TrashedPhotoRow = Row<typeof TrashedPhoto>
