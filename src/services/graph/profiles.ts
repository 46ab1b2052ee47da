import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import {
  accountVisibleTo,
  blocks,
  follows,
  mutes,
  profileVisibleTo,
  visibleTo,
  type ViewerSql,
} from '../../infra/db/rules.ts'
import { toAccount, type Account, type AccountRow } from '../accounts/accounts.ts'
import { pageOfRows, type ListRead, type Page, type Reader } from '../lists/list-read.ts'
import { findAccountWithLists } from './find-account.ts'

export interface Profile {
  account: Account
  photoCount: number
  followerCount: number
  followingCount: number
  relationship: {
    following: boolean
    /** The viewer's request to follow awaits an answer. */
    requested: boolean
    followedBy: boolean
    blocking: boolean
    muting: boolean
  }
}

/** The place of an edge in a list of followers: when it began in µs since 1970, and the other account. */
const EDGE_POSITION = ['string', 'string'] as const

type EdgeSide = 'follower_id' | 'followee_id'

export interface Profiles {
  /** The account's id, if the viewer may see its lists. @throws DarkroomError not_found, account_private */
  ownerOfLists(reader: Reader, username: string): Promise<UserId>
  /** @throws DarkroomError not_found */
  get(reader: Reader, username: string): Promise<Profile>
  /**
   * The accounts that follow this one and exist for the viewer, newest edge first.
   * @throws DarkroomError not_found, account_private, bad_cursor
   */
  followers(list: ListRead, username: string): Promise<Page<Account>>
  /**
   * The accounts that this one follows and that exist for the viewer, newest edge first.
   * @throws DarkroomError not_found, account_private, bad_cursor
   */
  following(list: ListRead, username: string): Promise<Page<Account>>
}

/**
 * Up to this many edges are counted as the lists show them, at some 4 µs each. Beyond it the counters
 * count edges, without regard to suspended accounts or blocks.
 */
const MAX_COUNTED_EDGES = 1_000

const VIEWER: ViewerSql = { userId: '$2::bigint', linkId: '$3::uuid' }

const countEdges = (side: 'followers' | 'following', anchor: EdgeSide, other: EdgeSide) => `
  CASE WHEN c.${side} > ${MAX_COUNTED_EDGES} THEN c.${side} ELSE (
    SELECT count(*) FROM follows f JOIN users o ON o.user_id = f.${other}
    WHERE f.${anchor} = u.user_id AND ${accountVisibleTo('o', VIEWER)}
  ) END AS ${side}`

// A total would tell of private photos, so the viewer learns the number of what they may see. No photo is counted here:
// one row of user_photo_counts holds them by visibility, and the rule judges one ready photo of each.
const COUNT_PHOTOS = `
  SELECT coalesce(sum(p.photos), 0) FROM (VALUES
    (NULL::uuid, u.user_id, 'ready', 'public', n.public_photos),
    (NULL, u.user_id, 'ready', 'followers', n.followers_photos),
    (NULL, u.user_id, 'ready', 'private', n.private_photos)) p (photo_id, owner_id, status, visibility, photos)
  WHERE ${visibleTo('p', 'u', VIEWER)}`

const PROFILE = `
  SELECT u.user_id, u.username, u.display_name, u.bio, u.is_private, u.created_at,
    ${countEdges('followers', 'followee_id', 'follower_id')},
    ${countEdges('following', 'follower_id', 'followee_id')},
    (${COUNT_PHOTOS}) AS photos,
    ${follows(VIEWER.userId, 'u.user_id')} AS following_it,
    EXISTS (
      SELECT FROM follow_requests WHERE follower_id = ${VIEWER.userId} AND followee_id = u.user_id) AS requested,
    ${follows('u.user_id', VIEWER.userId)} AS followed_by,
    ${blocks(VIEWER.userId, 'u.user_id')} AS blocking,
    ${mutes(VIEWER.userId, 'u.user_id')} AS muting
  FROM users u LEFT JOIN user_photo_counts n ON n.user_id = u.user_id, LATERAL (
    SELECT coalesce(sum(followers), 0) AS followers, coalesce(sum(following), 0) AS following
    FROM user_counters WHERE user_id = u.user_id) c
  WHERE lower(u.username) = lower($1) AND ${profileVisibleTo('u', VIEWER)}`

/** `anchor` is the side that owns the list; the index on (anchor, created_at DESC, other DESC) gives the order. */
const edges = (anchor: EdgeSide, other: EdgeSide) => `
  SELECT u.user_id, u.username, u.display_name, u.bio, u.is_private, u.created_at,
    (extract(epoch FROM f.created_at) * 1000000)::bigint AS since
  FROM follows f JOIN users u ON u.user_id = f.${other}
  WHERE f.${anchor} = $1 AND ${accountVisibleTo('u', { userId: '$5::bigint', linkId: '$6::uuid' })}
    AND ($2::bigint IS NULL OR (f.created_at, f.${other}) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3))
  ORDER BY f.created_at DESC, f.${other} DESC LIMIT $4`

const FOLLOWERS = edges('followee_id', 'follower_id')
const FOLLOWING = edges('follower_id', 'followee_id')

export function createProfiles(): Profiles {
  const ownerOfLists = ({ query, viewer }: Reader, username: string) =>
    findAccountWithLists(query, viewer, username)

  const edgesOf =
    (name: string, text: string): Profiles['followers'] =>
    async (list, username) => {
      const { query, viewer, limit } = list
      const userId = await ownerOfLists(list, username)
      const [since, otherId] = list.after(EDGE_POSITION) ?? [null, null]
      const rows = await query<AccountRow & { since: string }>({
        name,
        text,
        values: [userId, since, otherId, limit + 1, viewerUserId(viewer), viewerLinkId(viewer)],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.since, row.user_id],
        (shown) => shown.map(toAccount),
      )
    }

  return {
    ownerOfLists,

    async get({ query, viewer }, username) {
      const [row] = await query<ProfileRow>({
        name: 'profile',
        text: PROFILE,
        values: [username, viewerUserId(viewer), viewerLinkId(viewer)],
      })
      if (!row) throw notFound('user')
      return {
        account: toAccount(row),
        photoCount: Number(row.photos),
        followerCount: Number(row.followers),
        followingCount: Number(row.following),
        relationship: {
          following: row.following_it,
          requested: row.requested,
          followedBy: row.followed_by,
          blocking: row.blocking,
          muting: row.muting,
        },
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
  following_it: boolean
  requested: boolean
  followed_by: boolean
  blocking: boolean
  muting: boolean
}
