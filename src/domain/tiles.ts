/** Degrees from -180 to 180 and -90 to 90; it crosses the 180th meridian if west is greater than east. */
export interface Box {
  west: number
  south: number
  east: number
  north: number
}

/** Of Web Mercator; what lies nearer to a pole is in the outermost row of tiles. */
export const MAX_LATITUDE = 85.05112878

/** How many tiles of a zoom the box touches. At zoom `z` the map is a square of 2^z tiles by 2^z. */
export function countTiles({ west, south, east, north }: Box, zoom: number): number {
  const size = 2 ** zoom
  const [first, last] = [columnOf(west, size), columnOf(east, size)]
  const columns = west <= east ? last - first + 1 : Math.min(size, size - first + last + 1)
  return columns * (rowOf(south, size) - rowOf(north, size) + 1)
}

function columnOf(longitude: number, size: number): number {
  return Math.min(size - 1, Math.floor(((longitude + 180) / 360) * size))
}

function rowOf(latitude: number, size: number): number {
  const radians = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * Math.PI) / 180
  const row = Math.floor(((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * size)
  return Math.max(0, Math.min(size - 1, row))
}
