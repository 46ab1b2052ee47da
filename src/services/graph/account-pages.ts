import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import type { ViewerSql } from '../../infra/db/rules.ts'
import { ACCOUNT_COLUMNS, type AccountRow } from '../accounts/accounts.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

/** A table that relates accounts to something, read as the list of the accounts that it holds beside one. */
export interface AccountsBeside {
  /** Of the prepared statement. */
  name: string
  table: 'follows' | 'follow_requests' | 'blocks' | 'mutes' | 'likes'
  /** The column of the account or photo that has the list; an index on (owner, created_at DESC, other DESC) gives the order. */
  owner: string
  /** The column of the accounts that are listed. */
  other: string
  /** SQL over a row `u` of users and a row `r` of the table, for {@link LIST_VIEWER}: whether it is listed. Default: all. */
  listed?: string
  /** More columns of `r`, each beginning with a comma. */
  columns?: string
}

/** The viewer, who must occur in {@link AccountsBeside.listed}. */
export const LIST_VIEWER: ViewerSql = { userId: '$5::bigint', linkId: '$6::uuid' }

/** The place of a row in such a list: when it began in µs since 1970, and the other account. */
const POSITION = ['string', 'string'] as const

/** A reader of pages of the accounts beside one, newest first. @throws DarkroomError bad_cursor */
export function accountPages<Row extends object = object>(beside: AccountsBeside) {
  const { name, table, owner, other, listed, columns = '' } = beside
  const viewerValues = ({ viewer }: ListRead) =>
    listed === undefined ? [] : [viewerUserId(viewer), viewerLinkId(viewer)]
  const text = `
    SELECT ${ACCOUNT_COLUMNS},
      (extract(epoch FROM r.created_at) * 1000000)::bigint AS since${columns}
    FROM ${table} r JOIN users u ON u.user_id = r.${other}
    WHERE r.${owner} = $1 AND ${listed ?? 'true'}
      AND (r.created_at, r.${other}) < (
        coalesce('epoch'::timestamptz + $2::bigint * interval '1 microsecond', 'infinity'), coalesce($3::bigint, 0))
    ORDER BY r.created_at DESC, r.${other} DESC LIMIT $4`
  return async <Item>(
    list: ListRead,
    ownerId: string,
    toItem: (row: AccountRow & Row) => Item,
  ): Promise<Page<Item>> => {
    const { query, limit } = list
    const [since, otherId] = list.after(POSITION) ?? [null, null]
    const rows = await query<AccountRow & Row & { since: string }>({
      name,
      text,
      values: [ownerId, since, otherId, limit + 1, ...viewerValues(list)],
    })
    return pageOfRows(
      list,
      rows,
      (row) => [row.since, row.user_id],
      (shown) => shown.map(toItem),
    )
  }
}
