import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import {
  accountListsVisibleTo,
  accountVisibleTo,
  blocks,
  profileVisibleTo,
  type ViewerSql,
} from '../../infra/db/rules.ts'

const VIEWER: ViewerSql = { userId: '$2::bigint', linkId: '$3::uuid' }

// Plan of each: one probe of users_username_key, at most three of blocks_pkey and one of follows_pkey.
const byName = (columns: string, condition: string) =>
  `SELECT ${columns} FROM users u WHERE lower(u.username) = lower($1) AND ${condition}`

const FIND = byName(
  `u.user_id, ${accountListsVisibleTo('u', VIEWER)} AS lists_visible`,
  accountVisibleTo('u', VIEWER),
)
const FIND_PROFILE = byName('u.user_id', profileVisibleTo('u', VIEWER))
// Whoever blocks an account knows that it is there, whatever has become of it.
const FIND_TO_BLOCK = byName(
  'u.user_id',
  `(${profileVisibleTo('u', VIEWER)} OR ${blocks(VIEWER.userId, 'u.user_id')})`,
)

interface Found {
  user_id: UserId
  lists_visible: boolean
}

async function find(
  query: Query,
  viewer: Viewer,
  username: string,
  { name, text }: { name: string; text: string },
) {
  const [row] = await query<Found & Record<string, unknown>>({
    name,
    text,
    values: [username, viewerUserId(viewer), viewerLinkId(viewer)],
  })
  if (!row) throw notFound('user')
  return row
}

/**
 * The id of the account with this name, in any case.
 * @throws DarkroomError not_found if it does not exist for the viewer
 */
export async function findAccount(query: Query, viewer: Viewer, username: string): Promise<UserId> {
  return (await find(query, viewer, username, { name: 'account-by-name', text: FIND })).user_id
}

/**
 * The same for a request for the account's lists.
 * @throws DarkroomError not_found, account_private if its lists are closed to the viewer
 */
export async function findAccountWithLists(query: Query, viewer: Viewer, username: string): Promise<UserId> {
  const { user_id: userId, lists_visible: isOpen } = await find(query, viewer, username, {
    name: 'account-by-name',
    text: FIND,
  })
  if (!isOpen) throw new DarkroomError('account_private', 'Only followers of this account see its lists.')
  return userId
}

/**
 * The same for one whose profile the viewer may see, even if they block it.
 * @throws DarkroomError not_found
 */
export async function findProfile(query: Query, userId: UserId, username: string): Promise<UserId> {
  const viewer: Viewer = { kind: 'user', userId }
  return (await find(query, viewer, username, { name: 'profile-by-name', text: FIND_PROFILE })).user_id
}

/**
 * The same for one that the viewer may block or already blocks, even if that one is suspended or blocks them too.
 * @throws DarkroomError not_found
 */
export async function findToBlock(query: Query, userId: UserId, username: string): Promise<UserId> {
  const viewer: Viewer = { kind: 'user', userId }
  return (await find(query, viewer, username, { name: 'account-to-block', text: FIND_TO_BLOCK })).user_id
}
