import { thumbHashToRGBA, rgbaToThumbHash } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import { thumbhashPixels } from './thumbhash-pixels.ts'

/** A pattern of its own for each seed, opaque or not. */
function picture(seed: number, width: number, height: number, isOpaque: boolean): Uint8Array {
  const rgba = new Uint8Array(4 * width * height)
  for (let at = 0; at < width * height; at++) {
    for (let part = 0; part < 3; part++)
      rgba[4 * at + part] = 128 + 127 * Math.sin(seed * (part + 1) + ((at % width) * (part + 2) * seed) / 90)
    rgba[4 * at + 3] = isOpaque ? 255 : 128 + 127 * Math.sin(at / (seed + 40))
  }
  return rgba
}

describe('the pixels of a thumbhash', () => {
  it.each([
    [100, 75],
    [60, 100],
    [100, 100],
    [100, 20],
  ])('are those of the library: %i × %i', (width, height) => {
    for (let seed = 1; seed < 20; seed++) {
      const hash = rgbaToThumbHash(width, height, picture(seed, width, height, seed % 3 > 0))
      const wanted = thumbHashToRGBA(hash).rgba
      const pixels = thumbhashPixels(hash)
      expect(pixels.length).toBe(wanted.length)
      const differing = pixels.findIndex((value, at) => Math.abs(value - wanted[at]!) > 1)
      expect(differing).toBe(-1)
    }
  })

  it('are made of shortened hashes too', () => {
    expect(thumbhashPixels(new Uint8Array([1, 2, 3, 4, 5])).length).toBeGreaterThan(0)
  })
})
