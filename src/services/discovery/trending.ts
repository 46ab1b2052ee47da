import { viewerUserId } from '../../domain/viewer.ts'
import { blockedEitherWay, isShownToAll } from '../../infra/db/rules.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { walkOf } from './generations.ts'
import { MIN_AUTHORS } from './rank-tags.ts'

/** A tag that many use at present. */
export interface TrendingTag {
  tag: string
  /** Accounts that used it lately, of those whose photos the viewer may see; at most 100. */
  count: number
}

// Plan: the rows of one generation of trending_tags, at most 50, and for each of their at most 100 photos a probe of photos_pkey, users_pkey,
// photo_tags_pkey and two of blocks_pkey.
const TRENDING = `
  SELECT g.place, g.tag, used.count
  FROM trending_tags g CROSS JOIN LATERAL (
    SELECT count(*)::int AS count FROM unnest(g.photo_ids) given
    JOIN photos p ON p.photo_id = given JOIN users u ON u.user_id = p.owner_id
    WHERE ${isShownToAll('p', 'u')} AND NOT coalesce(${blockedEitherWay('$1::bigint', 'p.owner_id')}, false)
      AND EXISTS (SELECT FROM photo_tags t WHERE t.photo_id = p.photo_id AND t.tag = g.tag OFFSET 0)) used
  WHERE g.generation = $2::bigint AND g.place > $3 AND used.count >= ${MIN_AUTHORS}
  ORDER BY g.place LIMIT $4`

/**
 * The tags that trend, first those with the most and latest authors; without those of which the viewer may see fewer than three authors.
 * @throws DarkroomError bad_cursor or cursor_expired
 */
export async function readTrending(list: ListRead): Promise<Page<TrendingTag>> {
  const { query, viewer, limit } = list
  const walk = await walkOf(list, 'trending')
  if (!walk) return list.page([], null)
  const { generation, place } = walk
  const rows = await query<TrendingTag & { place: number }>({
    name: 'trending-tags',
    text: TRENDING,
    values: [viewerUserId(viewer), generation, place, limit + 1],
  })
  return pageOfRows(
    list,
    rows,
    (row) => [generation, row.place],
    (shown) => shown.map(({ tag, count }) => ({ tag, count })),
  )
}
