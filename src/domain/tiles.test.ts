import { describe, expect, it } from 'vitest'
import { countTiles } from './tiles.ts'

describe('the tiles of a box', () => {
  it.each([
    ['the world', { west: -180, south: -90, east: 180, north: 90 }, 3, 64],
    ['a point', { west: 8.54, south: 47.37, east: 8.541, north: 47.371 }, 10, 1],
    ['a hemisphere', { west: 0.1, south: 0.1, east: 180, north: 90 }, 2, 4],
    ['across the 180th meridian', { west: 179, south: -1, east: -179, north: 1 }, 4, 4],
    ['nearly all around, the long way', { west: 1, south: 10, east: 0.5, north: 11 }, 4, 16],
  ])('%s are counted', (_what, box, zoom, count) => {
    expect(countTiles(box, zoom)).toBe(count)
  })
})
