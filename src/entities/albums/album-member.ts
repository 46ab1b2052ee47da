import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { ALBUM_ROLES } from '../../domain/albums.ts'
import type { Row } from '../row.ts'

/** A member of an album and their role; the owner of the album is one of them, and the only one with that role. */
export const AlbumMember = defineEntity({
  name: 'AlbumMember',
  tableName: 'album_members',
  properties: {
    albumId: p.uuid().primary(),
    userId: p.bigint('string').primary(),
    role: p.enum(ALBUM_ROLES),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type AlbumMember = InferEntity<typeof AlbumMember>
export type AlbumMemberRow = Row<typeof AlbumMember>
