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
      const pixels = thumbhashPixels(hash, 32)
      expect(pixels.length).toBe(wanted.length)
      const differing = pixels.findIndex((value, at) => Math.abs(value - wanted[at]!) > 1)
      expect(differing).toBe(-1)
    }
  })

  it('are about the means of four where they are half as many a side', () => {
    const hash = rgbaToThumbHash(100, 100, picture(7, 100, 100, true))
    const [whole, half] = [thumbhashPixels(hash, 32), thumbhashPixels(hash, 16)]
    for (let at = 0; at < 16 * 16; at++) {
      const corner = 4 * (64 * Math.floor(at / 16) + 2 * (at % 16))
      const four = [corner, corner + 4, corner + 128, corner + 132].map((pixel) => whole[pixel]!)
      const mean = four.reduce((sum, value) => sum + value) / 4
      expect(Math.abs(half[4 * at]! - mean)).toBeLessThan(6)
    }
  })

  it('are made of shortened hashes too', () => {
    expect(thumbhashPixels(new Uint8Array([1, 2, 3, 4, 5]), 32).length).toBeGreaterThan(0)
  })
})
