import type { AlbumActivityKind } from '../../domain/albums.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { AlbumActivity, type UserRow } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { accountOnly, accountVisibleTo, avatarOf, visibleTo, type AvatarPlace } from '../../infra/db/rules.ts'
import { pageOfWindow, type ListRead, type Page } from '../lists/list-read.ts'
import { assertRoleMay, findAlbum } from './held-album.ts'

interface NewActivity {
  albumId: AlbumId
  actorId: UserId
  kind: AlbumActivityKind
  photoId?: PhotoId
  /** The account that the actor did something to. */
  userId?: UserId
}

/** Notes what happens, in the transaction in which it does. The album is locked, so ids follow the order of commits. */
export async function recordActivity(
  tx: Transaction,
  { photoId, userId, ...activity }: NewActivity,
): Promise<void> {
  const row = { ...activity, photoId: photoId ?? null, userId: userId ?? null }
  await run(tx.query, insertRow(AlbumActivity, row))
}

/** An account where it is named beside something else. */
export interface NamedAccount {
  userId: UserId
  username: string
  displayName: string | null
  avatar: AvatarPlace | null
}

export interface Activity {
  activityId: string
  kind: AlbumActivityKind
  actor: NamedAccount
  photoId: PhotoId | null
  user: NamedAccount | null
  createdAt: Date
}

export interface AlbumActivities {
  /**
   * What happened in the album, latest first, without what names a photo or an account that is hidden from the viewer.
   * @throws DarkroomError not_found, forbidden for those who are not members, bad_cursor
   */
  list(list: ListRead<UserViewer>, albumId: AlbumId): Promise<Page<Activity>>
}

/** Entries looked at for a page at most; one that shows few of them is short. */
const MAX_SCANNED = 500

const VIEWER = accountOnly('$1::bigint')

// Plan: a range of album_activity_album_idx, and then per entry until the page is full: users_pkey, photos_pkey and the
// probes of the rules.
const PAGE = `
  WITH scanned AS MATERIALIZED (
    SELECT * FROM album_activity WHERE album_id = $2 AND activity_id < $3 ORDER BY activity_id DESC LIMIT ${MAX_SCANNED})
  (SELECT s.activity_id, s.kind, s.photo_id, s.created_at, true AS shown, a.user_id AS actor_id, a.username AS actor_username,
      a.display_name AS actor_display_name, ${avatarOf('a')} AS actor_avatar, o.user_id, o.username, o.display_name,
      ${avatarOf('o')} AS avatar
    FROM scanned s JOIN users a ON a.user_id = s.actor_id LEFT JOIN users o ON o.user_id = s.user_id
    WHERE ${accountVisibleTo('a', VIEWER)} AND (s.user_id IS NULL OR ${accountVisibleTo('o', VIEWER)})
      AND (s.photo_id IS NULL OR EXISTS (
        SELECT FROM photos p JOIN users u ON u.user_id = p.owner_id
        WHERE p.photo_id = s.photo_id AND ${visibleTo('p', 'u', VIEWER)}))
    ORDER BY s.activity_id DESC LIMIT $4)
  UNION ALL
  (SELECT activity_id, kind, NULL, created_at, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM scanned ORDER BY activity_id DESC OFFSET ${MAX_SCANNED - 1})`

type ActivityRow = {
  activity_id: string
  kind: AlbumActivityKind
  photo_id: PhotoId | null
  created_at: Date
  shown: boolean
  actor_id: UserId
  actor_username: string
  actor_display_name: string | null
  actor_avatar: AvatarPlace | null
  avatar: AvatarPlace | null
} & { [Column in keyof Pick<UserRow, 'user_id' | 'username' | 'display_name'>]: UserRow[Column] | null }

/** Above every id. */
const NEWEST = '9223372036854775807'

export function createAlbumActivities(): AlbumActivities {
  return {
    async list(list, albumId) {
      const { query, viewer, limit } = list
      assertRoleMay((await findAlbum(query, viewer, albumId)).role, 'see the activity of')
      const [before] = list.after(['string']) ?? [NEWEST]
      const rows = await query<ActivityRow>({
        name: 'album-activity',
        text: PAGE,
        values: [viewer.userId, albumId, before, limit + 1],
      })
      return pageOfWindow(
        list,
        rows,
        (row) => [row.activity_id],
        (shown) => shown.map(toActivity),
      )
    },
  }
}

function toActivity(row: ActivityRow): Activity {
  const { user_id: userId, username, display_name: displayName, avatar } = row
  return {
    activityId: row.activity_id,
    kind: row.kind,
    actor: {
      userId: row.actor_id,
      username: row.actor_username,
      displayName: row.actor_display_name,
      avatar: row.actor_avatar,
    },
    photoId: row.photo_id,
    user: userId === null || username === null ? null : { userId, username, displayName, avatar },
    createdAt: row.created_at,
  }
}
