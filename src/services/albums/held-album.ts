import type { AlbumAction, AlbumOrder, AlbumRole } from '../../domain/albums.ts'
import { roleMay } from '../../domain/albums.ts'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { AlbumId, UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { accountOnly, albumVisibleTo } from '../../infra/db/rules.ts'

/** An album as far as it decides what an account may do in it. */
export interface AlbumStanding {
  albumId: AlbumId
  ownerId: UserId
  /** The viewer's; null if they see the album without being a member. */
  role: AlbumRole | null
  order: AlbumOrder
  orderEpoch: number
  photoCount: number
}

// Plan: one probe of albums_pkey, users_pkey and album_members_pkey, and those of the rule.
const STANDING = `
  SELECT a.owner_id AS "ownerId", a.photo_order AS "order", a.order_epoch AS "orderEpoch", a.photo_count AS "photoCount",
    (SELECT m.role FROM album_members m WHERE m.album_id = a.album_id AND m.user_id = $2) AS role
  FROM albums a JOIN users o ON o.user_id = a.owner_id
  WHERE a.album_id = $1 AND ${albumVisibleTo('a', 'o', accountOnly('$2::bigint'))}`

/** @throws DarkroomError not_found unless the viewer may see the album */
export async function findAlbum(query: Query, viewer: UserViewer, albumId: AlbumId): Promise<AlbumStanding> {
  const [row] = await query<Omit<AlbumStanding, 'albumId'>>({
    name: 'album-standing',
    text: STANDING,
    values: [albumId, viewer.userId],
  })
  if (!row) throw notFound('album')
  return { albumId, ...row }
}

/** Keeps an album's row, photos and members from being changed by another transaction. Photos are locked before albums. */
export async function lockAlbum(tx: Transaction, albumId: AlbumId): Promise<void> {
  await tx.query({ text: 'SELECT FROM albums WHERE album_id = $1 FOR NO KEY UPDATE', values: [albumId] })
}

/** Locks the album, and then reads it: what came before the lock is seen. @throws DarkroomError not_found */
export async function holdAlbum(
  tx: Transaction,
  viewer: UserViewer,
  albumId: AlbumId,
): Promise<AlbumStanding> {
  await lockAlbum(tx, albumId)
  return findAlbum(tx.query, viewer, albumId)
}

/**
 * Locks an account that gets an album or a membership, before any photo and album. Blocks take the same lock (trigger
 * blocks_end_memberships).
 */
export async function lockAlbumAccount(tx: Transaction, userId: UserId): Promise<void> {
  await tx.query({ text: 'SELECT pg_advisory_xact_lock(album_account($1))', values: [userId] })
}

/** @throws DarkroomError forbidden */
export function assertRoleMay(role: AlbumRole | null, action: AlbumAction): void {
  if (roleMay(role, action)) return
  throw new DarkroomError('forbidden', `Your role does not allow you to ${action} this album.`)
}
