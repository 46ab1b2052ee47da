import type pg from 'pg'
import type { PhotoId, UserId } from '../src/domain/ids.ts'

const SECONDS_BETWEEN_PHOTOS = 600

/** Published photos of the past, with variants as the main job leaves them; each owner's are ten minutes apart. */
export async function insertReadyPhotos(
  admin: pg.Client,
  of: { firstOwner: number; owners: number; each: number },
): Promise<void> {
  await admin.query(
    `WITH made AS (
       INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes, width, height,
         thumbhash, caption, upload_expires_at, published_at, score)
       SELECT id, owner, 'ready', 'public', 'originals/' || id, 'image/jpeg', 3000000, 4000, 3000,
         'm5uDAgAvvKmnh1d3iHiHeICPZwh5', 'Photo number ' || i, at, at, (extract(epoch FROM at) * 1000)::bigint
       FROM (SELECT i, owner, uuidv7() AS id, date_trunc('milliseconds', now())
           - i * $4::integer * interval '1 second' - owner % $4::integer * interval '1 second' AS at
         FROM generate_series(1, $3::integer) i
         CROSS JOIN generate_series($1::bigint, $1::bigint + $2::bigint - 1) owner) one
       RETURNING photo_id)
     INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
     SELECT photo_id, v.variant, v.format, 'variants/' || photo_id || '/1/' || v.variant || '.' || v.format,
       v.width, v.height, v.bytes
     FROM made CROSS JOIN (VALUES ('thumb_200', 'jpeg', 200, 150, 9000), ('thumb_200', 'webp', 200, 150, 7000),
       ('medium_800', 'jpeg', 800, 600, 145000), ('medium_800', 'webp', 800, 600, 137000)) v
         (variant, format, width, height, bytes)`,
    [of.firstOwner, of.owners, of.each, SECONDS_BETWEEN_PHOTOS],
  )
}

/** A photo published now, without upload and workflow. */
export async function insertPublishedPhoto(
  admin: pg.Client,
  ownerId: UserId,
): Promise<{ photoId: PhotoId; score: number }> {
  const { rows } = await admin.query<{ photo_id: PhotoId; score: string }>(
    `INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes, width, height,
       upload_expires_at, published_at, score)
     SELECT id, $1::bigint, 'ready', 'public', 'originals/' || id, 'image/jpeg', 3000000, 4000, 3000, at, at,
       (extract(epoch FROM at) * 1000)::bigint
     FROM (SELECT uuidv7() AS id, date_trunc('milliseconds', clock_timestamp()) AS at) one
     RETURNING photo_id, score`,
    [ownerId],
  )
  return { photoId: rows[0]!.photo_id, score: Number(rows[0]!.score) }
}
