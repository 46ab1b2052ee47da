import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { toAccount, type Account, type AccountRow } from '../accounts/accounts.ts'
import type { ListPage, PageRequest } from '../lists/pages.ts'

export interface Profile {
  account: Account
  photoCount: number
  followerCount: number
  followingCount: number
  relationship: { following: boolean; followedBy: boolean }
}

/** The place of an edge in a list of followers: when it began in µs since 1970, and the other account. */
type EdgePosition = readonly [createdAtMicros: string, userId: UserId]

export interface Profiles {
  /** The ids of an active account's name. @throws DarkroomError not_found */
  userIdOf(query: Query, username: string): Promise<UserId>
  /** @throws DarkroomError not_found */
  get(query: Query, viewer: Viewer, username: string): Promise<Profile>
  /** Who follows the account, the newest edge first. */
  followers(
    query: Query,
    userId: UserId,
    page: PageRequest<EdgePosition>,
  ): Promise<ListPage<Account, EdgePosition>>
  /** Whom the account follows, the newest edge first. */
  following(
    query: Query,
    userId: UserId,
    page: PageRequest<EdgePosition>,
  ): Promise<ListPage<Account, EdgePosition>>
}

// Others learn the number of what they may see: a total would tell of private photos. Nothing is counted here: one row of
// user_photo_counts holds the photos by visibility.
const PROFILE = `
  SELECT u.user_id, u.username, u.display_name, u.bio, u.is_private, u.created_at,
    c.followers, c.following,
    coalesce(n.public_photos
      + CASE WHEN u.user_id = $2::bigint OR r.viewer_follows THEN n.followers_photos ELSE 0 END
      + CASE WHEN u.user_id = $2::bigint THEN n.private_photos ELSE 0 END, 0) AS photos,
    r.viewer_follows, r.follows_viewer
  FROM users u LEFT JOIN user_photo_counts n USING (user_id), LATERAL (
    SELECT coalesce(sum(followers), 0) AS followers, coalesce(sum(following), 0) AS following
    FROM user_counters WHERE user_id = u.user_id) c, LATERAL (
    SELECT EXISTS (SELECT FROM follows WHERE follower_id = $2::bigint AND followee_id = u.user_id) AS viewer_follows,
      EXISTS (SELECT FROM follows WHERE follower_id = u.user_id AND followee_id = $2::bigint) AS follows_viewer) r
  WHERE lower(u.username) = lower($1) AND u.status = 'active'`

/** `anchor` is the side whose list it is; the index on (anchor, created_at DESC, other DESC) gives the order. */
const edges = (anchor: 'follower_id' | 'followee_id', other: 'follower_id' | 'followee_id') => `
  SELECT u.user_id, u.username, u.display_name, u.bio, u.is_private, u.created_at,
    (extract(epoch FROM f.created_at) * 1000000)::bigint AS since
  FROM follows f JOIN users u ON u.user_id = f.${other}
  WHERE f.${anchor} = $1 AND u.status = 'active'
    AND ($2::bigint IS NULL OR (f.created_at, f.${other}) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3))
  ORDER BY f.created_at DESC, f.${other} DESC LIMIT $4`

const FOLLOWERS = edges('followee_id', 'follower_id')
const FOLLOWING = edges('follower_id', 'followee_id')

export function createProfiles(): Profiles {
  const edgesOf =
    (name: string, text: string): Profiles['followers'] =>
    async (query, userId, { after, limit }) => {
      const rows = await query<AccountRow & { since: string }>({
        name,
        text,
        values: [userId, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map(toAccount),
        next: rows.length > limit && last ? [last.since, last.user_id] : null,
      }
    }

  return {
    async userIdOf(query, username) {
      const [row] = await query<{ user_id: UserId }>({
        name: 'user-id-by-username',
        text: `SELECT user_id FROM users WHERE lower(username) = lower($1) AND status = 'active'`,
        values: [username],
      })
      if (!row) throw notFound('user')
      return row.user_id
    },

    async get(query, viewer, username) {
      const [row] = await query<ProfileRow>({
        name: 'profile',
        text: PROFILE,
        values: [username, viewerUserId(viewer)],
      })
      if (!row) throw notFound('user')
      return {
        account: toAccount(row),
        photoCount: Number(row.photos),
        followerCount: Number(row.followers),
        followingCount: Number(row.following),
        relationship: { following: row.viewer_follows, followedBy: row.follows_viewer },
      }
    },

    followers: edgesOf('followers-page', FOLLOWERS),
    following: edgesOf('following-page', FOLLOWING),
  }
}

interface ProfileRow extends AccountRow {
  photos: string
  followers: string
  following: string
  viewer_follows: boolean
  follows_viewer: boolean
}
