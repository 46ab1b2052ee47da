import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, inAudience, visibleTo } from '../../infra/db/rules.ts'
import type { HitPosition } from '../../infra/opensearch/photo-index.ts'

// One probe of photos_pkey and users_pkey per hit, of follows_pkey for those that only followers see, and two of
// blocks_pkey for those of others that would be seen.
const countBy = (right: string) => `
  SELECT count(*)::integer AS visible FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = ANY ($2::uuid[]) AND p.status = 'ready' AND ${right}`
const COUNT_IN_AUDIENCE = {
  name: 'search-count',
  text: countBy(inAudience('p', 'u', accountOnly('$1::bigint'))),
}
// The same, and some probes of albums for those hidden otherwise.
const COUNT_VISIBLE = {
  name: 'search-count-of-album',
  text: countBy(visibleTo('p', 'u', accountOnly('$1::bigint'))),
}

/**
 * How many of the hits the viewer may see now.
 * @param inAlbum whether what was granted to members of albums counts
 */
export async function countVisible(
  query: Query,
  viewer: Viewer,
  hits: readonly HitPosition[],
  inAlbum: boolean,
): Promise<number> {
  if (hits.length === 0) return 0
  const rows = await query<{ visible: number }>({
    ...(inAlbum ? COUNT_VISIBLE : COUNT_IN_AUDIENCE),
    values: [viewerUserId(viewer), hits.map((hit) => hit.photoId)],
  })
  return rows[0]?.visible ?? 0
}
