import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountListsVisibleTo, accountVisibleTo, type ViewerSql } from '../../infra/db/rules.ts'

const VIEWER: ViewerSql = { userId: '$2::bigint', linkId: '$3::uuid' }

// Plan: one probe of users_username_key, at most two of blocks_pkey and one of follows_pkey.
const FIND = `
  SELECT u.user_id, ${accountListsVisibleTo('u', VIEWER)} AS lists_visible
  FROM users u WHERE lower(u.username) = lower($1) AND ${accountVisibleTo('u', VIEWER)}`

async function find(query: Query, viewer: Viewer, username: string) {
  const [row] = await query<{ user_id: UserId; lists_visible: boolean }>({
    name: 'account-by-name',
    text: FIND,
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
  return (await find(query, viewer, username)).user_id
}

/**
 * The same for a request for the account's lists.
 * @throws DarkroomError not_found, account_private if its lists are closed to the viewer
 */
export async function findAccountWithLists(query: Query, viewer: Viewer, username: string): Promise<UserId> {
  const { user_id: userId, lists_visible: isOpen } = await find(query, viewer, username)
  if (!isOpen) throw new DarkroomError('account_private', 'Only followers of this account see its lists.')
  return userId
}
