import { wordsOfNameQuery } from '../../domain/account-names.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerLinkId, viewerUserId } from '../../domain/viewer.ts'
import { accountVisibleTo, follows, type ViewerSql } from '../../infra/db/rules.ts'
import { ACCOUNT_COLUMNS, toAccount, type Account, type AccountRow } from '../accounts/accounts.ts'
import { pageOfWindow, type ListRead, type Page } from '../lists/list-read.ts'

/** More than any number of followers has bits: before the first account. */
const NO_REACH = 34
/** So many words are looked at for a page; one of hidden accounts may be short. */
const WINDOW = 500

/** The account of that very name, then those that the viewer follows, then others. */
const SECTIONS = { exact: 0, followed: 1, other: 2 } as const

/** Section, reach, the word that was found, and the account. */
const POSITION = ['number', 'number', 'string', 'string'] as const

const VIEWER: ViewerSql = { userId: '$1::bigint', linkId: '$2::uuid' }

/** The word begins with it. As a range of account_names_pkey and account_names_search_idx, whose order is that of bytes. */
const beginsWith = (word: string, start: string) =>
  `${word} >= ${start} AND ${word} < ${start} || U&'\\+10FFFF'`

/** Plan: one probe of account_names_pkey for each further word. */
const hasOtherWords = (userId: string) => `NOT EXISTS (
  SELECT FROM unnest($4::text[]) other WHERE NOT EXISTS (
    SELECT FROM account_names o WHERE o.user_id = ${userId} AND ${beginsWith('o.word', 'other')} OFFSET 0))`

/** Where accounts are recommended, those that moderation hides from explore are left out. */
const isMeant = (recommended: string) => `NOT (${recommended}::boolean AND u.hidden_from_explore)`

// Plan: one probe of users_username_key, and one of account_names_pkey for each followee, of whom there are 7,500 at most.
const NEAR = `
  SELECT near.section, near.reach, near.word, true AS shown, ${ACCOUNT_COLUMNS}
  FROM (
    SELECT ${SECTIONS.exact} AS section, 0 AS reach, '' AS word, e.user_id FROM users e WHERE lower(e.username) = $5
    UNION ALL
    SELECT ${SECTIONS.followed}, n.reach, n.word, f.followee_id
    FROM follows f CROSS JOIN LATERAL (
      SELECT a.reach, a.word FROM account_names a
      WHERE a.user_id = f.followee_id AND ${beginsWith('a.word', '$3::text')} ORDER BY a.word LIMIT 1) n
    WHERE f.follower_id = ${VIEWER.userId} AND ${hasOtherWords('f.followee_id')}) near
  JOIN users u ON u.user_id = near.user_id
  WHERE ${accountVisibleTo('u', VIEWER)} AND ${isMeant('$11')} AND (near.section = ${SECTIONS.exact} OR lower(u.username) <> $5)
    AND (near.section, -near.reach, near.word, near.user_id) > ($6::integer, -$7::integer, $8::text COLLATE "C", $9::bigint)
  ORDER BY near.section, near.reach DESC, near.word COLLATE "C", near.user_id LIMIT $10`

// Plan: for each reach from the highest down, the words of one range of account_names_search_idx, until the window is full; then
// some five probes for each account of the window. One comparison gives the range its start, since Postgres would begin at the lower
// one of two.
const OTHERS = `
  WITH scanned AS MATERIALIZED (
    SELECT n.reach, n.word, n.user_id
    FROM generate_series($6::integer, 0, -1) step CROSS JOIN LATERAL (
      SELECT a.reach, a.word, a.user_id FROM account_names a
      WHERE a.reach = step::smallint AND a.word < $3::text || U&'\\+10FFFF' AND (a.word, a.user_id) > (
        CASE WHEN step = $6 THEN greatest($3, $7::text) ELSE $3 END COLLATE "C", CASE WHEN step = $6 THEN $8::bigint ELSE 0 END)
      ORDER BY a.word, a.user_id LIMIT ${WINDOW}) n
    ORDER BY step DESC, n.word, n.user_id LIMIT ${WINDOW})
  SELECT ${SECTIONS.other} AS section, w.reach, w.word, w.shown, ${ACCOUNT_COLUMNS}
  FROM (
    (SELECT s.*, true AS shown FROM scanned s JOIN users u ON u.user_id = s.user_id
      WHERE ${accountVisibleTo('u', VIEWER)} AND ${isMeant('$10')} AND lower(u.username) <> $5
        AND NOT coalesce(${follows(VIEWER.userId, 's.user_id')}, false)
        AND NOT EXISTS (
          SELECT FROM account_names o WHERE o.user_id = s.user_id AND o.word >= $3::text AND o.word < s.word OFFSET 0)
        AND ${hasOtherWords('s.user_id')}
      ORDER BY s.reach DESC, s.word, s.user_id LIMIT $9)
    UNION ALL
    (SELECT s.*, false FROM scanned s ORDER BY s.reach, s.word DESC, s.user_id DESC
      LIMIT (SELECT CASE WHEN count(*) = ${WINDOW} THEN 1 ELSE 0 END FROM scanned))) w
  JOIN users u ON u.user_id = w.user_id
  ORDER BY w.shown DESC, w.reach DESC, w.word, w.user_id`

type FoundRow = AccountRow & { section: number; reach: number; word: string; shown: boolean }

/**
 * Accounts that exist for the viewer with names that begin with each word of the query, in any order, case and accents: the one of
 * exactly that name first, then those that the viewer follows, then others; within these by followers, in steps of powers of two.
 * @param options.recommended without those that are hidden from explore
 * @throws DarkroomError bad_cursor
 */
export async function searchAccounts(
  list: ListRead,
  text: string,
  { recommended = false } = {},
): Promise<Page<Account>> {
  const { query, viewer, limit } = list
  const [first, ...others] = wordsOfNameQuery(text)
  const after = list.after(POSITION)
  if (first === undefined) return list.page([], null)
  const [section, ...place] = after ?? [SECTIONS.exact, NO_REACH, '', '0']
  const asked = [viewerUserId(viewer), viewerLinkId(viewer), first, others, nameOf(text)]
  const near =
    section === SECTIONS.other
      ? []
      : await query<FoundRow>({
          name: 'search-accounts-near',
          text: NEAR,
          values: [...asked, section, ...place, limit + 1, recommended],
        })
  const wanted = limit + 1 - near.length
  const rest =
    wanted < 1
      ? []
      : await query<FoundRow>({
          name: 'search-accounts',
          text: OTHERS,
          values: [...asked, ...(section === SECTIONS.other ? place : BEFORE_OTHERS), wanted, recommended],
        })
  return pageOfWindow(
    list,
    [...near, ...rest],
    (row) => [row.section, row.reach, row.word, row.user_id satisfies UserId],
    (shown) => shown.map(toAccount),
  )
}

const BEFORE_OTHERS = [NO_REACH, '', '0'] as const

/** As usernames are compared. */
const nameOf = (text: string) => text.trim().replace(/^@/, '').toLowerCase()
