import type { PhotoId } from '../../domain/ids.ts'
import { invalidField } from '../../domain/errors.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import { countTiles, MAX_LATITUDE, type Box } from '../../domain/tiles.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { Reader } from '../lists/list-read.ts'

/** The viewer's own photos in a tile of the map. */
export interface MapCluster {
  /** `zoom/column/row`, from the north-west. */
  tile: string
  count: number
  /** The middle of the photos. */
  latitude: number
  longitude: number
  /** One of the photos: the one that was uploaded last. */
  photoId: PhotoId
}

/** The twins of domain/tiles.ts. */
const SIZE = '2 ^ $6::integer'
const COLUMN = `least(${SIZE} - 1, floor((p.longitude + 180) / 360 * ${SIZE}))::integer`
/** A tangent of less than 1e-300 is an error to Postgres. */
const LATITUDE = `CASE WHEN abs(p.latitude) < 1e-9 THEN 0 ELSE greatest(-${MAX_LATITUDE}, least(${MAX_LATITUDE}, p.latitude)) END`
const ROW = `
  greatest(0, least(${SIZE} - 1, floor((1 - asinh(tan(radians(${LATITUDE}))) / pi()) / 2 * ${SIZE})))::integer`

// Plan: the range of photos_map_idx between two latitudes. Ids are UUIDs v7, so that the greatest
// one is the latest.
const CLUSTERS = `
  SELECT $6::integer || '/' || t.col || '/' || t.line AS tile, count(*)::int AS count, avg(t.latitude) AS latitude,
    avg(t.longitude) AS longitude, max(t.photo_id::text COLLATE "C") AS "photoId"
  FROM (
    SELECT p.photo_id, p.latitude, p.longitude, ${COLUMN} AS col, ${ROW} AS line
    FROM photos p
    WHERE p.owner_id = $1 AND p.status = 'ready' AND p.latitude BETWEEN $3::float8 AND $5::float8
      AND CASE WHEN $2::float8 <= $4::float8 THEN p.longitude BETWEEN $2 AND $4 ELSE p.longitude >= $2 OR p.longitude <= $4 END) t
  GROUP BY t.col, t.line ORDER BY count DESC, t.line, t.col`

/**
 * Where the viewer's published photos were taken, by tiles, those with the most photos first.
 * @throws DarkroomError invalid if the box has too many tiles of this zoom
 */
export async function readMap(
  { query, viewer }: Reader<UserViewer>,
  { bbox, zoom }: { bbox: Box; zoom: number },
): Promise<MapCluster[]> {
  if (countTiles(bbox, zoom) > MAX_ITEMS.tilesPerMap) {
    throw invalidField('query.zoom', `The box has more than ${MAX_ITEMS.tilesPerMap} tiles at this zoom.`)
  }
  return query<MapCluster & Record<string, unknown>>({
    name: 'own-map',
    text: CLUSTERS,
    values: [viewer.userId, bbox.west, bbox.south, bbox.east, bbox.north, zoom],
  })
}
