import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AVATAR_SPECS } from '../../domain/avatars.ts'
import { CORNERS, orientedImage } from '../../../test/support/factories/images.ts'
import { renderSquares, type RenderedSquare } from './render-squares.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-squares-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function squaresOf(bytes: Buffer): Promise<RenderedSquare[]> {
  const file = join(folder, 'image')
  await writeFile(file, bytes)
  const squares: RenderedSquare[] = []
  await renderSquares(file, { specs: AVATAR_SPECS, maxPixels: 25_000_000 }, (square) => squares.push(square))
  return squares
}

const sizesOf = (squares: readonly RenderedSquare[]) =>
  Promise.all(
    squares.map(async ({ size, format, data }) => {
      const { width, height, format: written } = await sharp(data).metadata()
      return `${size} ${format === 'avif' ? 'heif' : format} ${written} ${width}x${height}`
    }),
  )

describe('the squares of an avatar', () => {
  it('are all there is, from the largest to the smallest', async () => {
    const squares = await squaresOf(await orientedImage(1200, 800, 1).jpeg().toBuffer())
    expect(await sizesOf(squares)).toEqual(
      [512, 256, 128].flatMap((side) =>
        ['jpeg', 'webp', 'heif'].map((format) => `square_${side} ${format} ${format} ${side}x${side}`),
      ),
    )
  })

  it('are never enlarged', async () => {
    const squares = await squaresOf(await orientedImage(200, 160, 1).png().toBuffer())
    const sides = (await sizesOf(squares)).map((size) => size.split(' ').at(-1))
    expect(new Set(sides)).toEqual(new Set(['160x160', '128x128']))
    expect(squares).toHaveLength(AVATAR_SPECS.length)
  })

  it('show the middle, upright, whatever the orientation', async () => {
    for (const orientation of [1, 3, 6, 8]) {
      const source = await orientedImage(900, 300, orientation).jpeg({ quality: 95 }).toBuffer()
      const square = (await squaresOf(source)).find(
        ({ size, format }) => size === 'square_256' && format === 'jpeg',
      )!
      const { data, info } = await sharp(square.data).raw().toBuffer({ resolveWithObject: true })
      const at = (x: number, y: number) => [
        ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
      ]
      const near = (seen: number[], wanted: readonly number[]) =>
        seen.every((value, channel) => Math.abs(value - wanted[channel]!) < 12)
      // The middle of 900 × 300 has all four quadrants, each a quarter of the square.
      expect(near(at(40, 40), CORNERS.topLeft), `${orientation}`).toBe(true)
      expect(near(at(215, 40), CORNERS.topRight), `${orientation}`).toBe(true)
      expect(near(at(40, 215), CORNERS.bottomLeft), `${orientation}`).toBe(true)
      expect(near(at(215, 215), CORNERS.bottomRight), `${orientation}`).toBe(true)
    }
  })

  it('have no metadata', async () => {
    const source = await sharp({ create: { width: 300, height: 300, channels: 3, background: '#446688' } })
      .withExif({ IFD0: { Copyright: 'zq-secret' } })
      .jpeg()
      .toBuffer()
    for (const { data } of await squaresOf(source)) {
      const { exif, xmp, icc } = await sharp(data).metadata()
      expect({ exif, xmp, icc }).toEqual({ exif: undefined, xmp: undefined, icc: undefined })
      expect(data.includes('zq-secret')).toBe(false)
    }
  })

  it('of a line are a pixel, and not nothing', async () => {
    const squares = await squaresOf(
      await sharp({ create: { width: 3000, height: 1, channels: 3, background: '#446688' } })
        .png()
        .toBuffer(),
    )
    expect(new Set((await sizesOf(squares)).map((size) => size.split(' ').at(-1)))).toEqual(new Set(['1x1']))
  })
})
