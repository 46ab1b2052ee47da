import type { AlbumRole, GivenRole } from '../../domain/albums.ts'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { AlbumId, UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { AlbumMember } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { accountOnly, accountVisibleTo, blockedEitherWay } from '../../infra/db/rules.ts'
import { oweNotification } from '../delivery/notification-events.ts'
import { recordActivity } from './activity.ts'
import { assertRoomForAlbum } from './albums.ts'
import { assertRoleMay, type AlbumStanding } from './held-album.ts'

/* Changes of members within a transaction that has locked the album. */

/** @throws DarkroomError forbidden */
export function assertMayManage({ role, ownerId }: AlbumStanding, userId: UserId): void {
  assertRoleMay(role, 'manage the members of')
  if (userId === ownerId) throw new DarkroomError('forbidden', 'The owner of an album has no other role.')
}

/** @throws DarkroomError not_found, quota_exceeded */
export async function putMember(
  tx: Transaction,
  viewer: UserViewer,
  { albumId, ownerId }: AlbumStanding,
  userId: UserId,
  role: GivenRole,
): Promise<void> {
  const members = await tx.query<{ user_id: UserId; role: AlbumRole }>({
    text: 'SELECT user_id, role FROM album_members WHERE album_id = $1',
    values: [albumId],
  })
  const present = members.find((member) => member.user_id === userId)
  if (present?.role === role) return
  if (present) {
    await setRole(tx, albumId, userId, role)
  } else {
    await assertExistsFor(tx, ownerId, userId)
    if (members.length >= MAX_ITEMS.membersPerAlbum) {
      throw new DarkroomError('quota_exceeded', `An album has at most ${MAX_ITEMS.membersPerAlbum} members.`)
    }
    await run(tx.query, insertRow(AlbumMember, { albumId, userId, role }))
    await oweNotification(tx, {
      recipientId: userId,
      kind: 'album_shared',
      actorId: viewer.userId,
      albumId,
    })
  }
  const kind = present ? 'role_changed' : 'member_added'
  await recordActivity(tx, { albumId, actorId: viewer.userId, kind, userId })
}

const EXISTS_FOR = `
  SELECT FROM users u WHERE u.user_id = $1 AND ${accountVisibleTo('u', accountOnly('$2::bigint'))}`

/** The account to add is locked, so that no block is made meanwhile. @throws DarkroomError not_found */
async function assertExistsFor(tx: Transaction, ownerId: UserId, userId: UserId): Promise<void> {
  const rows = await tx.query({ text: EXISTS_FOR, values: [userId, ownerId] })
  if (rows.length === 0) throw notFound('user')
}

async function setRole(tx: Transaction, albumId: AlbumId, userId: UserId, role: AlbumRole): Promise<void> {
  await tx.query({
    text: 'UPDATE album_members SET role = $3 WHERE album_id = $1 AND user_id = $2',
    values: [albumId, userId, role],
  })
}

/** Takes back what the member has added as well. @returns whether there was a membership to end */
export async function endMembership(tx: Transaction, albumId: AlbumId, userId: UserId): Promise<boolean> {
  const [row] = await tx.query<{ ended: boolean }>({
    text: 'SELECT end_album_membership($1, $2) AS ended',
    values: [albumId, userId],
  })
  return row!.ended
}

/** @throws DarkroomError invalid for who is not a member, quota_exceeded */
export async function makeOwner(
  tx: Transaction,
  { userId }: UserViewer,
  albumId: AlbumId,
  newOwnerId: UserId,
): Promise<void> {
  const members = await tx.query<{ user_id: UserId; is_blocked: boolean }>({
    text: `SELECT m.user_id, ${blockedEitherWay('m.user_id', '$2::bigint')} AS is_blocked
           FROM album_members m WHERE m.album_id = $1`,
    values: [albumId, newOwnerId],
  })
  if (!members.some((member) => member.user_id === newOwnerId)) {
    throw invalidField('body.username', 'Not a member of this album.')
  }
  await assertRoomForAlbum(tx, newOwnerId)
  await setRole(tx, albumId, userId, 'admin')
  await setRole(tx, albumId, newOwnerId, 'owner')
  await tx.query({
    text: 'UPDATE albums SET owner_id = $2, version = version + 1 WHERE album_id = $1',
    values: [albumId, newOwnerId],
  })
  await recordActivity(tx, { albumId, actorId: userId, kind: 'owner_changed', userId: newOwnerId })
  for (const member of members.filter(({ is_blocked: isBlocked }) => isBlocked)) {
    await endMembership(tx, albumId, member.user_id)
    await recordActivity(tx, { albumId, actorId: member.user_id, kind: 'member_left' })
  }
}
