import type { PhotoId } from '../../domain/ids.ts'
import { trustOf, type TrustLevel } from '../../domain/trust.ts'
import type { Query } from '../../infra/db/database.ts'

/** Counts no further: an account may have 100,000 photos, and each upload asks. */
const COUNTED = 1_000

/**
 * How far the author of a photo is trusted.
 * Plan: photos_pkey and users_pkey, then at most 1,000 entries each of photos_owner_idx and photos_sanctioned_idx.
 */
export async function trustOfAuthor(query: Query, photoId: PhotoId): Promise<TrustLevel> {
  const [record] = await query<{ days: number; photos: number; sanctioned: number }>({
    name: 'trust-of-author',
    text: `
      SELECT floor(extract(epoch FROM now() - u.created_at) / 86400)::integer AS days,
        (SELECT count(*)::integer FROM (SELECT FROM photos r
          WHERE r.owner_id = p.owner_id AND r.status = 'ready' LIMIT ${COUNTED}) counted) AS photos,
        (SELECT count(*)::integer FROM (SELECT FROM photos s
          WHERE s.owner_id = p.owner_id AND (s.status = 'quarantined' OR s.limited_at IS NOT NULL)
            AND s.status <> 'deleted' LIMIT ${COUNTED}) counted) AS sanctioned
      FROM photos p JOIN users u ON u.user_id = p.owner_id WHERE p.photo_id = $1`,
    values: [photoId],
  })
  return record ? trustOf(record) : 'new'
}
