import type { PhotoId } from '../../domain/ids.ts'
import { viewerUserId } from '../../domain/viewer.ts'
import { blockedEitherWay, isShownToAll, mutes } from '../../infra/db/rules.ts'
import { pageOfWindow, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { walkOf } from './generations.ts'

/** So many places of the order are looked at for a page. */
const WINDOW = 200

// Plan: one row of explore_orders; for each photo of the window a probe of photos_pkey, users_pkey, mutes_pkey and two of blocks_pkey.
const EXPLORE = `
  WITH scanned AS MATERIALIZED (
    SELECT given.place::int, given.photo_id
    FROM explore_orders e CROSS JOIN LATERAL unnest(e.photo_ids) WITH ORDINALITY AS given (photo_id, place)
    WHERE e.generation = $2::bigint AND given.place > $3
    ORDER BY given.place LIMIT ${WINDOW})
  SELECT * FROM (
    (SELECT s.*, true AS shown FROM scanned s
      JOIN photos p ON p.photo_id = s.photo_id JOIN users u ON u.user_id = p.owner_id
      WHERE ${isShownToAll('p', 'u')} AND NOT coalesce(${blockedEitherWay('$1::bigint', 'p.owner_id')}, false)
        AND NOT ${mutes('$1::bigint', 'p.owner_id')}
      ORDER BY s.place LIMIT $4)
    UNION ALL
    (SELECT s.*, false FROM scanned s ORDER BY s.place LIMIT 1 OFFSET ${WINDOW - 1})) w
  ORDER BY w.shown DESC, w.place`

/**
 * Popular public photos, the hottest first, those of an author far apart; without those of accounts that the viewer mutes.
 * @throws DarkroomError bad_cursor or cursor_expired
 */
export async function readExplore(list: ListRead): Promise<Page<PhotoCard>> {
  const { query, viewer, limit } = list
  const walk = await walkOf(list, 'explore')
  if (!walk) return list.page([], null)
  const { generation, place } = walk
  const rows = await query<{ place: number; photo_id: PhotoId; shown: boolean }>({
    name: 'explore',
    text: EXPLORE,
    values: [viewerUserId(viewer), generation, place, limit + 1],
  })
  return pageOfWindow(
    list,
    rows,
    (row) => [generation, row.place],
    async (shown) => {
      const ids = shown.map((row) => row.photo_id)
      const { cards } = await loadPhotoCards(query, viewer, ids)
      return ids.map((id) => cards.get(id)).filter((card) => card !== undefined)
    },
  )
}
