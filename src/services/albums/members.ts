import type { AlbumRole, GivenRole } from '../../domain/albums.ts'
import { DarkroomError } from '../../domain/errors.ts'
import type { AlbumId, UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { AlbumMemberRow, UserRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { accountOnly, accountVisibleTo, avatarOf, type AvatarPlace } from '../../infra/db/rules.ts'
import { findAccount } from '../graph/find-account.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { recordActivity, type NamedAccount } from './activity.ts'
import { loadAlbumCard, type AlbumCard } from './album-cards.ts'
import { assertRoleMay, findAlbum, holdAlbum, lockAlbum, lockAlbumAccount } from './held-album.ts'
import { assertMayManage, endMembership, makeOwner, putMember } from './member-changes.ts'

export interface Member {
  account: NamedAccount
  role: AlbumRole
  addedAt: Date
}

export interface AlbumMembers {
  /**
   * The members who exist for the viewer, in the order in which they came.
   * @throws DarkroomError not_found, forbidden for those who are not members, bad_cursor
   */
  list(list: ListRead<UserViewer>, albumId: AlbumId): Promise<Page<Member>>
  /**
   * Makes an account a member, or gives a member another role. Nobody is asked, and everybody may leave.
   * @throws DarkroomError not_found (also if a block lies between the account and the album's owner), forbidden,
   *   quota_exceeded
   */
  put(viewer: UserViewer, albumId: AlbumId, username: string, role: GivenRole): Promise<Member>
  /** Takes back what the member has added as well. Idempotent. @throws DarkroomError not_found, forbidden */
  remove(viewer: UserViewer, albumId: AlbumId, username: string): Promise<void>
  /** The same for oneself. @throws DarkroomError not_found, invalid for the owner */
  leave(viewer: UserViewer, albumId: AlbumId): Promise<void>
  /**
   * Makes a member the owner, and the owner an admin. Members who are blocked by the new owner, or block them, leave.
   * @throws DarkroomError not_found, forbidden, invalid for who is not a member, quota_exceeded
   */
  transfer(viewer: UserViewer, albumId: AlbumId, username: string): Promise<AlbumCard>
}

type MemberRow = Pick<AlbumMemberRow, 'user_id' | 'role' | 'created_at'> &
  Pick<UserRow, 'username' | 'display_name'> & { avatar: AvatarPlace | null }

// Plan: the members of one album, at most 100, by album_members_pkey.
const MEMBERS = `
  SELECT m.user_id, m.role, m.created_at, u.username, u.display_name, ${avatarOf('u')} AS avatar,
    (extract(epoch FROM m.created_at) * 1000000)::bigint AS since
  FROM album_members m JOIN users u ON u.user_id = m.user_id
  WHERE m.album_id = $2 AND ${accountVisibleTo('u', accountOnly('$1::bigint'))}
    AND ($3::bigint IS NULL OR (m.created_at, m.user_id) > ('epoch'::timestamptz + $3 * interval '1 microsecond', $4))
  ORDER BY m.created_at, m.user_id LIMIT $5`

export function createAlbumMembers({ db }: { db: Database }): AlbumMembers {
  const find = (viewer: UserViewer, username: string) => findAccount(db.primary, viewer, username)

  async function leave({ userId }: UserViewer, albumId: AlbumId): Promise<void> {
    await db.transaction(async (tx) => {
      await lockAlbum(tx, albumId)
      if (await endMembership(tx, albumId, userId)) {
        await recordActivity(tx, { albumId, actorId: userId, kind: 'member_left' })
        return
      }
      const { ownerId } = await findAlbum(tx.query, { kind: 'user', userId }, albumId)
      if (ownerId === userId) {
        throw new DarkroomError('invalid', 'The owner cannot leave an album; transfer or delete it.')
      }
    })
  }

  return {
    async list(list, albumId) {
      const { query, viewer, limit } = list
      assertRoleMay((await findAlbum(query, viewer, albumId)).role, 'see the members of')
      const [since, userId] = list.after(['string', 'string']) ?? [null, null]
      const rows = await query<MemberRow & { since: string }>({
        name: 'album-members',
        text: MEMBERS,
        values: [viewer.userId, albumId, since, userId, limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.since, row.user_id],
        (shown) => shown.map(toMember),
      )
    },

    async put(viewer, albumId, username, role) {
      const userId = await find(viewer, username)
      return db.transaction(async (tx) => {
        await lockAlbumAccount(tx, userId)
        const album = await holdAlbum(tx, viewer, albumId)
        assertMayManage(album, userId)
        await putMember(tx, viewer, album, userId, role)
        return memberOf(tx.query, albumId, userId)
      })
    },

    async remove(viewer, albumId, username) {
      const userId = await find(viewer, username)
      if (userId === viewer.userId) return leave(viewer, albumId)
      await db.transaction(async (tx) => {
        assertMayManage(await holdAlbum(tx, viewer, albumId), userId)
        if (!(await endMembership(tx, albumId, userId))) return
        await recordActivity(tx, { albumId, actorId: viewer.userId, kind: 'member_removed', userId })
      })
    },

    leave,

    async transfer(viewer, albumId, username) {
      const newOwnerId = await find(viewer, username)
      await db.transaction(async (tx) => {
        await lockAlbumAccount(tx, newOwnerId)
        const { role } = await holdAlbum(tx, viewer, albumId)
        assertRoleMay(role, 'transfer or delete')
        if (newOwnerId !== viewer.userId) await makeOwner(tx, viewer, albumId, newOwnerId)
      })
      return loadAlbumCard(db.primary, viewer, albumId)
    },
  }
}

const MEMBER = `
  SELECT m.user_id, m.role, m.created_at, u.username, u.display_name, ${avatarOf('u')} AS avatar
  FROM album_members m JOIN users u ON u.user_id = m.user_id WHERE m.album_id = $1 AND m.user_id = $2`

async function memberOf(query: Query, albumId: AlbumId, userId: UserId): Promise<Member> {
  const [row] = await query<MemberRow>({ text: MEMBER, values: [albumId, userId] })
  return toMember(row!)
}

function toMember(row: MemberRow): Member {
  return {
    account: {
      userId: row.user_id,
      username: row.username,
      displayName: row.display_name,
      avatar: row.avatar,
    },
    role: row.role,
    addedAt: row.created_at,
  }
}
