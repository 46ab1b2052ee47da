import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { ALBUM_ACTIVITIES } from '../../domain/albums.ts'
import type { Row } from '../row.ts'

/** Something that `actorId` did in an album, to a photo or an account if named. Housekeeping deletes it after 90 days. */
export const AlbumActivity = defineEntity({
  name: 'AlbumActivity',
  tableName: 'album_activity',
  properties: {
    activityId: p.bigint('string').primary().autoincrement(),
    albumId: p.uuid(),
    actorId: p.bigint('string'),
    kind: p.enum(ALBUM_ACTIVITIES),
    photoId: p.uuid().nullable(),
    userId: p.bigint('string').nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type AlbumActivity = InferEntity<typeof AlbumActivity>
export type AlbumActivityRow = Row<typeof AlbumActivity>
