import { rgbaToThumbHash } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import { colourOf } from '../../domain/colours.ts'
import { dominantColours } from './dominant-colours.ts'

type Rgb = readonly [number, number, number]

/** A thumbhash of stripes from left to right, as wide as given. */
function stripes(...given: readonly (readonly [colour: Rgb, columns: number])[]): string {
  const columns = given.flatMap(([colour, count]) => Array<Rgb>(count).fill(colour))
  const row = columns.flatMap((colour) => [...colour, 255])
  const rgba = Uint8Array.from({ length: row.length * 40 }, (_, at) => row[at % row.length]!)
  return Buffer.from(rgbaToThumbHash(columns.length, 40, rgba)).toString('base64')
}

describe('the colours of a picture', () => {
  it.each([
    ['sky', [90, 150, 230], 'blue'],
    ['grass', [70, 140, 40], 'green'],
    ['sunset', [240, 130, 40], 'orange'],
    ['earth', [110, 70, 40], 'brown'],
    ['snow', [245, 247, 250], 'white'],
    ['night', [12, 14, 30], 'black'],
    ['fog', [150, 152, 155], 'grey'],
    ['blossom', [240, 170, 180], 'pink'],
    ['lagoon', [60, 190, 190], 'turquoise'],
    ['lavender', [150, 100, 220], 'purple'],
    ['sunflower', [240, 210, 40], 'yellow'],
    ['poppy', [210, 30, 30], 'red'],
  ] as const)('names %s', (_, rgb, name) => {
    const [red, green, blue] = rgb
    expect(colourOf(red, green, blue)).toBe(name)
    expect(dominantColours(stripes([rgb, 60]))).toEqual([name])
  })

  it('are several where they share it', () => {
    const colours = dominantColours(stripes([[90, 150, 230], 50], [[70, 140, 40], 40]))
    expect(colours.slice(0, 2).toSorted()).toEqual(['blue', 'green'])
  })

  it('are none of what is no thumbhash', () => {
    expect(dominantColours('')).toEqual([])
    expect(dominantColours('AAAA')).toEqual([])
  })

  it('are some of any bytes of the right length', () => {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.alloc(25, byte)
      expect(dominantColours(bytes.toString('base64')).length).toBeLessThanOrEqual(3)
    }
  })
})
