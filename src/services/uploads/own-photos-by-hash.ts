import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Database } from '../../infra/db/database.ts'

interface OwnPhoto {
  /** Hex. */
  sha256: string
  photoId: PhotoId
  status: PhotoStatus
}

/** Which of these bytes an account has uploaded, or has begun to. Tells nothing of other accounts. */
export type OwnPhotosByHash = (ownerId: UserId, sha256s: readonly string[]) => Promise<OwnPhoto[]>

export function createOwnPhotosByHash({ primary }: Pick<Database, 'primary'>): OwnPhotosByHash {
  return async (ownerId, sha256s) => {
    const rows = await primary<{ sha256: string; photo_id: PhotoId; status: PhotoStatus }>({
      name: 'own-photos-by-hash',
      text: OWN_BY_HASH,
      values: [ownerId, sha256s.map((hex) => Buffer.from(hex, 'hex'))],
    })
    return rows.map((row) => ({ sha256: row.sha256, photoId: row.photo_id, status: row.status }))
  }
}

// Plan: a probe of photos_owner_sha256_idx for each hash, and the account's pending uploads once through photos_pending_idx. The
// first of several of the same bytes is named; one that is complete comes before one that is pending.
const OWN_BY_HASH = `
  SELECT DISTINCT ON (given.sha256) encode(given.sha256, 'hex') AS sha256, found.photo_id, found.status
  FROM unnest($2::bytea[]) AS given (sha256)
  CROSS JOIN LATERAL (
    SELECT photo_id, status, 1 AS place FROM photos p
    WHERE p.owner_id = $1 AND p.sha256 = given.sha256 AND p.status NOT IN ('failed', 'deleted')
    UNION ALL
    SELECT photo_id, status, 2 FROM photos p
    WHERE p.owner_id = $1 AND p.status IN ('awaiting_upload', 'processing') AND p.declared_sha256 = given.sha256
      AND p.sha256 IS NULL) found
  ORDER BY given.sha256, found.place, found.photo_id`
