import type { PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Database } from '../../infra/db/database.ts'
import { isShownToAll, likes } from '../../infra/db/rules.ts'
import { ranked } from '../../observability/discovery-events.ts'
import { KEPT_HOURS, MS_PER_HOUR } from './generations.ts'
import { isRecent, recentPhotos } from './recent-photos.ts'
import { setApart } from './set-apart.ts'

/** A photo needs twice as many likes to stand beside one that is this much younger. */
const HALF_LIFE_HOURS = 24
/** Photos that were published earlier are not shown. */
const WINDOW_DAYS = 14
/** So many others stand between two photos of an author, where there are so many authors. */
const DISTANCE = 20

const NOW = '$1::bigint'

// Plan: recentPhotos and the order before; then a probe of photo_counters_pkey for each photo, and of photos_pkey,
// users_pkey and likes_pkey for those with likes.
const POPULAR = `
  SELECT photo_id AS "photoId", owner_id AS "ownerId"
  FROM (
    SELECT p.photo_id, p.owner_id, heat, row_number() OVER (PARTITION BY p.owner_id ORDER BY heat DESC, p.photo_id) AS nth
    FROM (
      (SELECT photo_id FROM (${recentPhotos(NOW, WINDOW_DAYS)}) r)
      UNION
      SELECT unnest(photo_ids) FROM explore_orders WHERE generation = (SELECT max(generation) FROM explore_orders)) recent
    CROSS JOIN LATERAL (SELECT sum(k.likes) AS all FROM photo_counters k WHERE k.photo_id = recent.photo_id) counted
    JOIN photos p ON p.photo_id = recent.photo_id JOIN users u ON u.user_id = p.owner_id
    CROSS JOIN LATERAL (
      SELECT counted.all - CASE WHEN ${likes('p.owner_id', 'p.photo_id')} THEN 1 ELSE 0 END AS of_others) liked
    CROSS JOIN LATERAL (
      SELECT ln(1 + liked.of_others) / ln(2.0) + (p.score - ${NOW})::numeric / ${HALF_LIFE_HOURS * MS_PER_HOUR} AS heat) hot
    WHERE counted.all > 0 AND liked.of_others > 0 AND ${isRecent('p', NOW, WINDOW_DAYS)} AND ${isShownToAll('p', 'u')}) ranked
  WHERE nth <= ${MAX_ITEMS.explorePhotosPerAuthor} ORDER BY heat DESC, photo_id LIMIT ${MAX_ITEMS.explorePhotos}`

const STORE = `
  INSERT INTO explore_orders (generation, photo_ids) VALUES ($1, $2)
  ON CONFLICT (generation) DO UPDATE SET photo_ids = excluded.photo_ids`

const DROP_OLD = `DELETE FROM explore_orders WHERE generation < ${NOW} - ${KEPT_HOURS * MS_PER_HOUR}`

/**
 * Puts the popular public photos in order: by the likes of others, half as much for each day of age, a few photos of each author and those
 * far apart. The orders of the last hours stay, for the walks that began with them. May run twice.
 * @returns how many photos there are
 */
export async function rankPhotos(db: Pick<Database, 'transaction'>, now: number): Promise<number> {
  const count = await db.transaction(async ({ query }) => {
    const popular = await query<{ photoId: PhotoId; ownerId: UserId }>({ text: POPULAR, values: [now] })
    const order = setApart(popular, DISTANCE).map(({ photoId }) => photoId)
    await query({ text: STORE, values: [now, order] })
    await query({ text: DROP_OLD, values: [now] })
    return order.length
  })
  ranked('photos')
  return count
}
