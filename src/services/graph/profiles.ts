import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import {
  accountVisibleTo,
  blocks,
  follows,
  mutes,
  profileVisibleTo,
  requests,
  inAudience,
  type ViewerSql,
} from '../../infra/db/rules.ts'
import { ACCOUNT_COLUMNS, toAccount, type Account, type AccountRow } from '../accounts/accounts.ts'
import type { ListRead, Page, Reader } from '../lists/list-read.ts'
import { accountPages, LIST_VIEWER } from './account-pages.ts'
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
  WHERE ${inAudience('p', 'u', VIEWER)}`

const PROFILE = `
  SELECT ${ACCOUNT_COLUMNS},
    ${countEdges('followers', 'followee_id', 'follower_id')},
    ${countEdges('following', 'follower_id', 'followee_id')},
    (${COUNT_PHOTOS}) AS photos,
    ${follows(VIEWER.userId, 'u.user_id')} AS following_it,
    ${requests(VIEWER.userId, 'u.user_id')} AS requested,
    ${follows('u.user_id', VIEWER.userId)} AS followed_by,
    ${blocks(VIEWER.userId, 'u.user_id')} AS blocking,
    ${mutes(VIEWER.userId, 'u.user_id')} AS muting
  FROM users u LEFT JOIN user_photo_counts n ON n.user_id = u.user_id, LATERAL (
    SELECT coalesce(sum(followers), 0) AS followers, coalesce(sum(following), 0) AS following
    FROM user_counters WHERE user_id = u.user_id) c
  WHERE lower(u.username) = lower($1) AND ${profileVisibleTo('u', VIEWER)}`

/** The accounts on the other side of an account's edges. */
const edges = (name: string, owner: EdgeSide, other: EdgeSide) =>
  accountPages({ name, table: 'follows', owner, other, listed: accountVisibleTo('u', LIST_VIEWER) })

const followers = edges('followers-page', 'followee_id', 'follower_id')
const following = edges('following-page', 'follower_id', 'followee_id')

export function createProfiles(): Profiles {
  const ownerOfLists = ({ query, viewer }: Reader, username: string) =>
    findAccountWithLists(query, viewer, username)

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

    followers: async (list, username) => followers(list, await ownerOfLists(list, username), toAccount),
    following: async (list, username) => following(list, await ownerOfLists(list, username), toAccount),
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
