import { MAX_HASH_DISTANCE } from '../../domain/likeness.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'

export interface Likeness {
  photoId: PhotoId
  ownerId: UserId
  /** Of the bytes, in hex. */
  sha256: string
  /** Absent for a picture without features, which is like its own bytes only. */
  perceptualHash?: bigint | undefined
}

// Of two copies that are recorded at once, the later one finds the earlier one.
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('likeness/' || $1, 0))`

// The same bytes stay together, even if the hash of one was made of its thumbnail and differs by two bits.
// Plan: a probe of photos_owner_sha256_idx, then photos_likeness_idx of the account alone: 100,000 photos take 50 ms.
const PLACE = `
  UPDATE photos SET perceptual_hash = $3::bigint, likeness = CASE WHEN $3::bigint IS NULL THEN $4::bigint ELSE coalesce(
    (SELECT same.likeness FROM photos same
      WHERE same.owner_id = $2 AND same.sha256 = decode($5, 'hex') AND same.perceptual_hash IS NOT NULL
        AND same.likeness IS NOT NULL LIMIT 1),
    (SELECT near.likeness FROM photos near
      WHERE near.owner_id = $2 AND near.likeness IS NOT NULL AND near.perceptual_hash IS NOT NULL
        AND bit_count((near.likeness # $3::bigint)::bit(64)) <= ${MAX_HASH_DISTANCE}
      ORDER BY bit_count((near.likeness # $3::bigint)::bit(64)), near.likeness LIMIT 1),
    $3::bigint) END
  WHERE photo_id = $1`

// Those that someone is changing are left out rather than waited for, as their holder may wait for this photo.
const TAKE_ALONG = `
  UPDATE photos old SET perceptual_hash = placed.perceptual_hash, likeness = placed.likeness
  FROM photos placed
  WHERE placed.photo_id = $1 AND old.photo_id IN (
    SELECT p.photo_id FROM photos p
    WHERE p.owner_id = $2 AND p.sha256 = decode($3, 'hex') AND p.perceptual_hash IS NULL AND p.likeness IS NOT NULL
    FOR NO KEY UPDATE SKIP LOCKED)`

/**
 * Puts a photo beside those of its owner that it looks like. They are measured against the first of them and not against each
 * other, so that a series of pictures does not grow into one group step by step.
 *
 * The caller has locked the photo, and ends soon: photos of this owner that are recorded meanwhile wait.
 */
export async function placeByLikeness(query: Query, photo: Likeness): Promise<void> {
  const { photoId, ownerId, sha256, perceptualHash } = photo
  await query({ text: LOCK, values: [ownerId] })
  const hash = perceptualHash === undefined ? null : signed(perceptualHash)
  await query({
    text: PLACE,
    values: [photoId, ownerId, hash, signed(BigInt(`0x${sha256.slice(0, 16)}`)), sha256],
  })
  if (hash !== null) await query({ text: TAKE_ALONG, values: [photoId, ownerId, sha256] })
}

/** The same 64 bits as a bigint of Postgres. */
const signed = (bits: bigint): string => BigInt.asIntN(64, bits).toString()
