import type { AlbumId, PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { accountOnly, visibleTo } from '../../infra/db/rules.ts'

/**
 * A position has at most this many digits behind the point, so that it fits into a cursor. To use them up, some 660 photos in
 * a row must be put between the same two; then all positions of the album are written anew.
 */
const MAX_DIGITS = 200

/** The number with the fewest digits that lies between two, of which either may be NULL; NULL if none is short enough. */
const BETWEEN = `CASE
  WHEN below IS NULL AND above IS NULL THEN 0
  WHEN above IS NULL THEN floor(below) + 1
  WHEN below IS NULL THEN ceil(above) - 1
  ELSE (SELECT middle FROM generate_series(0, ${MAX_DIGITS}) digits, round((below + above) * 0.5, digits) middle
    WHERE middle > below AND middle < above ORDER BY digits LIMIT 1)
  END`

// Plan: the last entry of album_photos_position_key.
const AT_END = `
  SELECT (${BETWEEN})::text AS place FROM (
    SELECT (SELECT max(position) FROM album_photos WHERE album_id = $1 AND photo_id <> $2) AS below, NULL::numeric AS above) n`

// Plan: a range of album_photos_position_key down to the index asked for, with the probes of a right for each photo on the
// way, some 60 ms for the last of 20,000; then the entry before it.
const AT_INDEX = `
  WITH next AS MATERIALIZED (
    SELECT s.position FROM album_photos s JOIN photos p ON p.photo_id = s.photo_id JOIN users u ON u.user_id = p.owner_id
    WHERE s.album_id = $1 AND s.photo_id <> $2 AND ${visibleTo('p', 'u', accountOnly('$3::bigint'))}
    ORDER BY s.position OFFSET $4 LIMIT 1)
  SELECT (${BETWEEN})::text AS place FROM (
    SELECT (SELECT position FROM next) AS above, (
      SELECT max(position) FROM album_photos
      WHERE album_id = $1 AND photo_id <> $2 AND position < coalesce((SELECT position FROM next), 'Infinity')) AS below) n`

/** Walks the album once; some 0.4 s for 20,000 photos. The unique key is checked at the end of the statement. */
const RESPACE = `
  UPDATE album_photos i SET position = n.place
  FROM (SELECT photo_id, row_number() OVER (ORDER BY position) AS place FROM album_photos WHERE album_id = $1) n
  WHERE i.album_id = $1 AND i.photo_id = n.photo_id`

/**
 * A free position for a photo in an album, which is locked.
 * @param index how many of the photos that the viewer sees come before it; at the end if undefined or more than there are
 */
export async function placeFor(
  tx: Transaction,
  { albumId, photoId, viewer }: { albumId: AlbumId; photoId: PhotoId; viewer: UserViewer },
  index: number | undefined,
): Promise<string> {
  const find = async () => {
    const [row] = await tx.query<{ place: string | null }>(
      index === undefined
        ? { text: AT_END, values: [albumId, photoId] }
        : { text: AT_INDEX, values: [albumId, photoId, viewer.userId, index] },
    )
    return row!.place
  }
  const place = await find()
  if (place !== null) return place
  await tx.query({ text: RESPACE, values: [albumId] })
  await tx.query({
    text: 'UPDATE albums SET order_epoch = order_epoch + 1 WHERE album_id = $1',
    values: [albumId],
  })
  return (await find())!
}
