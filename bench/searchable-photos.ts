import type pg from 'pg'
import type { UserId } from '../src/domain/ids.ts'

const SYLLABLES = ['ba', 'de', 'fi', 'go', 'lu', 'ma', 'ne', 'ri', 'so', 'tu']
/** A thousand words; captions take the first ones more often, as people do. */
export const WORDS: readonly string[] = SYLLABLES.flatMap((first) =>
  SYLLABLES.flatMap((second) => SYLLABLES.map((third) => first + second + third)),
)

const PHOTOS_PER_OWNER = 500
/** Accounts whose photos one statement inserts. */
const OWNERS_AT_ONCE = 50

/**
 * Published public photos with four variants each: captions of six words with the first two of them as tags, and every third with a place that is
 * shared. Triggers and foreign keys are off meanwhile.
 * @returns their owners
 */
export async function insertSearchablePhotos(
  admin: pg.Client,
  count: number,
  report: (line: string) => void,
): Promise<UserId[]> {
  await admin.query('SET session_replication_role = replica')
  const { rows } = await admin.query<{ user_id: UserId }>(
    `INSERT INTO users (username, password_hash) SELECT 'owner' || i, 'none' FROM generate_series(1, $1::integer) i
     RETURNING user_id`,
    [Math.ceil(count / PHOTOS_PER_OWNER)],
  )
  const owners = rows.map((row) => row.user_id)
  for (let at = 0; at < owners.length; at += OWNERS_AT_ONCE) {
    await admin.query(INSERT, [owners.slice(at, at + OWNERS_AT_ONCE), PHOTOS_PER_OWNER, WORDS])
    const done = Math.min(owners.length, at + OWNERS_AT_ONCE) * PHOTOS_PER_OWNER
    if (done % 100_000 === 0) report(`${done.toLocaleString('en')} photos`)
  }
  await admin.query('SET session_replication_role = origin')
  return owners
}

// Words are drawn anew for each photo, as the inner query refers to it.
const INSERT = `
  WITH chosen AS MATERIALIZED (
    SELECT uuidv7() AS id, owner, i, ARRAY(
        SELECT ($3::text[])[1 + floor(power(random(), 3) * cardinality($3::text[]) + 0 * i)::integer]
        FROM generate_series(1, 6)) AS words,
      date_trunc('milliseconds', now() - random() * interval '3 years') AS at
    FROM unnest($1::bigint[]) owner CROSS JOIN generate_series(1, $2::integer) i),
  made AS (
    INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes, width, height, thumbhash,
      caption, latitude, longitude, share_location, upload_expires_at, published_at, score)
    SELECT id, owner, 'ready', 'public', 'originals/' || id, 'image/jpeg', 3000000, 4000, 3000, 'm5uDAgAvvKmnh1d3iHiHeICPZwh5',
      '#' || words[1] || ' #' || words[2] || ' ' || array_to_string(words[3:6], ' '),
      CASE WHEN i % 3 = 0 THEN random() * 120 - 60 END, CASE WHEN i % 3 = 0 THEN random() * 360 - 180 END, i % 3 = 0,
      at, at, (extract(epoch FROM at) * 1000)::bigint
    FROM chosen),
  pushed AS (
    INSERT INTO photo_distribution (photo_id, distribution, since) SELECT id, 'all', at FROM chosen),
  tags AS (
    INSERT INTO photo_tags (photo_id, tag, display, position)
    SELECT DISTINCT ON (c.id, c.words[n]) c.id, c.words[n], c.words[n], n FROM chosen c CROSS JOIN generate_series(1, 2) n)
  INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
  SELECT c.id, v.variant, v.format, 'variants/' || c.id || '/1/' || v.variant || '.' || v.format, v.width, v.height, v.bytes
  FROM chosen c CROSS JOIN (VALUES ('thumb_200', 'jpeg', 200, 150, 9000), ('thumb_200', 'webp', 200, 150, 7000),
    ('medium_800', 'jpeg', 800, 600, 145000), ('medium_800', 'webp', 800, 600, 137000)) v
      (variant, format, width, height, bytes)`
