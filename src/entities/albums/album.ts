import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { ALBUM_ORDERS } from '../../domain/albums.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { VISIBILITIES } from '../../domain/visibility.ts'
import type { Row } from '../row.ts'

/**
 * An album. `version` rises with every edit, not with its photos and members. `orderEpoch` rises when `photoOrder` changes or
 * all positions are written anew; cursors name it. Triggers keep the counts.
 */
export const Album = defineEntity({
  name: 'Album',
  tableName: 'albums',
  properties: {
    albumId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    version: p.integer().version().default(1),
    title: p.string().length(MAX_CHARACTERS.albumTitle),
    description: p.string().length(MAX_CHARACTERS.albumDescription).nullable(),
    visibility: p.enum(VISIBILITIES).default('public'),
    photoOrder: p.enum(ALBUM_ORDERS).default('position'),
    orderEpoch: p.integer().default(0),
    /** Counts only while that photo is in the album. */
    coverPhotoId: p.uuid().nullable(),
    photoCount: p.integer().default(0),
    /** Of `photoCount`, those in the trash. */
    trashedCount: p.integer().default(0),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Album = InferEntity<typeof Album>
export type AlbumRow = Row<typeof Album>
