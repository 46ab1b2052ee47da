import type { PhotoId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, inAudience, visibleTo } from '../../infra/db/rules.ts'

/** No narrowing of the photo or of its owner's texts is pending. Plan: two probes of search_revocations_pkey. */
const followedByIndex = (photo: string) =>
  `NOT EXISTS (SELECT FROM search_revocations r 
    WHERE r.subject IN ('photo/' || ${photo}.photo_id, 'texts/' || ${photo}.owner_id) OFFSET 0)`

// One probe of photos_pkey and users_pkey per hit, of follows_pkey for those that only followers see, and two of
// blocks_pkey for those of others that would be seen.
const hitsBy = (right: string) => `
  SELECT p.photo_id FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = ANY ($2::uuid[]) AND p.status = 'ready' AND ${right}
    AND (p.owner_id = $1::bigint OR ${followedByIndex('p')}) IS TRUE`
const IN_AUDIENCE = {
  name: 'search-visible',
  text: hitsBy(inAudience('p', 'u', accountOnly('$1::bigint'))),
}
// The same, and some probes of albums for those hidden otherwise.
const VISIBLE = {
  name: 'search-visible-of-album',
  text: hitsBy(visibleTo('p', 'u', accountOnly('$1::bigint'))),
}

// The same as in the audience.
const SUGGESTIBLE = {
  name: 'search-suggestible',
  text: `${IN_AUDIENCE.text} AND NOT p.sensitive AND p.limited_at IS NULL AND (NOT u.hidden_from_explore OR p.owner_id = $1::bigint)`,
}

/** Those of the photos whose tags and places may be suggested to the viewer: in sight, and neither sensitive nor limited. */
export async function suggestibleHits(
  query: Query,
  viewer: Viewer,
  photoIds: readonly PhotoId[],
): Promise<Set<PhotoId>> {
  return hitsOf(query, viewer, photoIds, SUGGESTIBLE)
}

/**
 * Those of the photos found that the viewer may see now, and may find by what the index says of them: none whose owner has narrowed it since.
 * @param inAlbum whether what was granted to members of albums counts
 */
export async function visibleHits(
  query: Query,
  viewer: Viewer,
  photoIds: readonly PhotoId[],
  inAlbum: boolean,
): Promise<Set<PhotoId>> {
  return hitsOf(query, viewer, photoIds, inAlbum ? VISIBLE : IN_AUDIENCE)
}

async function hitsOf(
  query: Query,
  viewer: Viewer,
  photoIds: readonly PhotoId[],
  statement: { name: string; text: string },
): Promise<Set<PhotoId>> {
  if (photoIds.length === 0) return new Set()
  const rows = await query<{ photo_id: PhotoId }>({
    ...statement,
    values: [viewerUserId(viewer), photoIds],
  })
  return new Set(rows.map((row) => row.photo_id))
}
