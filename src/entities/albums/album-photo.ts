import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * A photo in an album, added by its owner. While it is `granted`, members see it whatever its visibility. `position` has as
 * many digits as it takes; `score` is the photo's, or when it was added until it is published.
 */
export const AlbumPhoto = defineEntity({
  name: 'AlbumPhoto',
  tableName: 'album_photos',
  properties: {
    albumId: p.uuid().primary(),
    photoId: p.uuid().primary(),
    addedBy: p.bigint('string'),
    position: p.decimal('string').columnType('numeric'),
    score: p.bigint('string'),
    granted: p.boolean().default(true),
    /** Its owner lets share links of the album show it, while it is granted. */
    shownByLinks: p.boolean().default(false),
    /** Its place is kept, while it is in its owner's trash. */
    inTrash: p.boolean().default(false),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type AlbumPhoto = InferEntity<typeof AlbumPhoto>
