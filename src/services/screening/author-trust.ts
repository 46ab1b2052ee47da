import type { PhotoId } from '../../domain/ids.ts'
import { trustOf, type TrustLevel } from '../../domain/trust.ts'
import type { Query } from '../../infra/db/database.ts'

/** Counts no further: from here on, one more photo changes no level (domain/trust.ts). */
const COUNTED = 1_000

/**
 * How far the author of a photo is trusted.
 * Plan: photos_pkey, then at most 1,000 rows of one owner by photos_owner_idx.
 */
export async function trustOfAuthor(query: Query, photoId: PhotoId): Promise<TrustLevel> {
  const [record] = await query<{ days: number; photos: number; sanctioned: number }>({
    text: `
      SELECT floor(extract(epoch FROM now() - u.created_at) / 86400)::integer AS days,
        count(*) FILTER (WHERE o.status = 'ready')::integer AS photos,
        count(*) FILTER (WHERE o.status = 'quarantined' OR o.limited_at IS NOT NULL)::integer AS sanctioned
      FROM photos p JOIN users u ON u.user_id = p.owner_id
        LEFT JOIN LATERAL (SELECT status, limited_at FROM photos
          WHERE owner_id = p.owner_id AND published_at IS NOT NULL AND status IN ('ready', 'quarantined')
          ORDER BY score DESC LIMIT ${COUNTED}) o ON true
      WHERE p.photo_id = $1 GROUP BY u.created_at`,
    values: [photoId],
  })
  return record ? trustOf(record) : 'new'
}
