import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import { variantSpec } from '../../domain/variants.ts'
import {
  cornersHeic,
  gridItem,
  heifFile,
  iphoneHeic,
  nclxProperty,
  tileItem,
} from '../../../test/support/factories/heic.ts'
import { CAMERA_EXIF, CORNERS, noisyImage, pixelAt, SECRET } from '../../../test/support/factories/images.ts'
import { decodeHeic } from './heic.ts'
import { inspectOriginal } from './inspect.ts'
import { renderVariants } from './render.ts'

const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }
const inspect = (bytes: Buffer, declaredContentType = 'image/heic') =>
  inspectOriginal(bytes, { declaredContentType, ...limits })

async function webp(bytes: Buffer): Promise<Buffer> {
  const [result] = await renderVariants(bytes, { specs: [variantSpec('medium_800', 'webp')] })
  if (!result!.ok) throw result!.error
  return result!.data
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance = 6): void {
  const distance = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  expect(distance, `${actual.join()} should be ${expected.join()}`).toBeLessThanOrEqual(tolerance)
}

/** An ellipse of the file's bytes replaced by zeros. */
function damaged(bytes: Buffer, at: number, length: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length), bytes.subarray(at + length)])
}

describe('a photo of an iPhone', () => {
  it('is taken with its place and camera, upright and in sRGB', async () => {
    const bytes = await iphoneHeic()
    expect(await inspect(bytes)).toMatchObject({
      contentType: 'image/heic',
      width: 756,
      height: 1008,
      orientation: 1,
      takenAt: { local: '2024-05-01T12:34:56', offsetMinutes: 120 },
      camera: 'Apple iPhone 15 Pro',
      location: { latitude: 51.50725, longitude: -0.1275 },
    })
    const medium = await webp(bytes)
    expect(medium.includes(SECRET)).toBe(false)
    // The sun of the scene: 255, 236, 190 in Display P3.
    expectNear(await pixelAt(medium, 408, 272), [255, 235, 184], 8)
  })

  it('is the one that the demo uploads', async () => {
    const demo = join(import.meta.dirname, '../../../stack/demo/iphone.heic')
    expect((await readFile(demo)).equals(await iphoneHeic())).toBe(true)
    expect(CAMERA_EXIF.IFD3).toHaveProperty('GPSLatitude')
  })

  it('may be declared as image/heif, but not as AVIF', async () => {
    const bytes = await iphoneHeic()
    expect(await inspect(bytes, 'image/heif')).toMatchObject({ contentType: 'image/heic' })
    await expect(inspect(bytes, 'image/avif')).rejects.toMatchObject({ code: 'type_mismatch' })
  })
})

describe('a HEIC', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turned by its own properties is upright: %i', async (orientation) => {
    // What EXIF says beside them is ignored, whether it agrees or not.
    for (const exif of [orientation, 8]) {
      const bytes = await cornersHeic(orientation, exif)
      expect(await inspect(bytes)).toMatchObject({ width: 128, height: 128, orientation: 1 })
      const image = await webp(bytes)
      expectNear(await pixelAt(image, 5, 5), CORNERS.topLeft)
      expectNear(await pixelAt(image, 122, 5), CORNERS.topRight)
      expectNear(await pixelAt(image, 5, 122), CORNERS.bottomLeft)
      expectNear(await pixelAt(image, 122, 122), CORNERS.bottomRight)
    }
  })

  it('shows its primary picture, wherever that stands', async () => {
    const items = [tileItem('topLeft'), tileItem('bottomLeft'), tileItem('topRight')]
    for (const [primary, colour] of [CORNERS.topLeft, CORNERS.bottomLeft, CORNERS.topRight].entries()) {
      const bytes = heifFile(items, primary)
      expectNear(await pixelAt(await webp(bytes), 9, 9), colour)
    }
  })

  it('of 10 bit and in Display P3 by code points is converted', async () => {
    const srgb = heifFile([tileItem('deepRed', { properties: [nclxProperty(1, 13)] })], 0)
    const p3 = heifFile([tileItem('deepRed', { properties: [nclxProperty(12, 13)] })], 0)
    expectNear(await pixelAt(await webp(srgb), 9, 9), [233, 23, 23], 4)
    expectNear(await pixelAt(await webp(p3), 9, 9), [255, 0, 0], 12)
    const { thumbhash } = await inspect(p3)
    expect(thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64')).r).toBeGreaterThan(0.95)
  })

  it('under the general brand is told from AVIF by its codec', async () => {
    const bytes = heifFile([tileItem('topLeft')], 0, 'mif1')
    expect(await inspect(bytes)).toMatchObject({ contentType: 'image/heic' })
  })

  it('is refused if cut anywhere', async () => {
    const bytes = await iphoneHeic()
    for (const share of [0.02, 0.1, 0.3, 0.5, 0.9, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share))
      await expect(inspect(cut), `${share}`).rejects.toMatchObject({ code: 'truncated' })
    }
  })

  it('may have bytes behind its end', async () => {
    const bytes = await iphoneHeic()
    for (const tail of [Buffer.alloc(3), Buffer.from('a text behind the last box')]) {
      expect(await inspect(Buffer.concat([bytes, tail]))).toMatchObject({ width: 756 })
    }
  })

  it('that lacks its codec, a tile or its data is refused with a reason', async () => {
    const bytes = await iphoneHeic()
    const noTiles = damaged(bytes, bytes.indexOf('mdat') + 4, bytes.length - bytes.indexOf('mdat') - 4)
    const noConfiguration = damaged(bytes, bytes.indexOf('hvcC') + 4, 40)
    const itself = heifFile([gridItem({ width: 64, height: 64 }, 1, [0])], 0)
    for (const file of [noTiles, noConfiguration, itself]) {
      await expect(inspect(file)).rejects.toMatchObject({
        code: 'not_an_image',
        detail: expect.stringMatching(/^The .*\.$/),
      })
    }
  })

  it('beyond the limit is refused before a pixel is decoded', async () => {
    const bytes = heifFile(
      [tileItem('topLeft', { hidden: true }), gridItem({ width: 60_000, height: 60_000 }, 1, [0])],
      1,
    )
    await expect(inspect(bytes)).rejects.toMatchObject({ code: 'too_many_pixels' })
    await expect(decodeHeic(bytes, limits)).rejects.toMatchObject({ name: 'InvalidImageError' })
  })
})

describe('a TIFF', () => {
  it.each(['none', 'lzw', 'deflate', 'jpeg'] as const)('compressed by %s is taken', async (compression) => {
    const bytes = await noisyImage(90, 60).tiff({ compression }).toBuffer()
    expect(await inspect(bytes, 'image/tiff')).toMatchObject({ contentType: 'image/tiff', width: 90 })
    expect((await webp(bytes)).length).toBeGreaterThan(0)
  })

  it('is turned upright and tells where it was taken', async () => {
    const turned = await noisyImage(90, 60).withMetadata({ orientation: 6 }).tiff().toBuffer()
    expect(await inspect(turned, 'image/tiff')).toMatchObject({ width: 60, height: 90, orientation: 6 })
    const tagged = await noisyImage(9, 6)
      .withExif({ IFD0: { Make: 'Hasselblad', Model: 'X2D' } })
      .tiff()
      .toBuffer()
    expect(await inspect(tagged, 'image/tiff')).not.toHaveProperty('location')
  })

  it('of 16 bit, CMYK, grey or with alpha is taken; one of floats is not', async () => {
    const image = noisyImage(90, 60)
    for (const kind of [
      image.clone().toColourspace('rgb16'),
      image.clone().toColourspace('cmyk'),
      image.clone().toColourspace('b-w'),
      image.clone().ensureAlpha(0.5),
    ]) {
      expect(await inspect(await kind.tiff().toBuffer(), 'image/tiff')).toMatchObject({ width: 90 })
    }
    const floats = await image.clone().toColourspace('lab').tiff({ compression: 'lzw' }).toBuffer()
    await expect(inspect(floats, 'image/tiff')).rejects.toMatchObject({
      code: 'not_an_image',
      detail: 'Samples of the type float are not accepted.',
    })
  })

  it('is refused if cut, wherever its directory stands', async () => {
    const bytes = await noisyImage(90, 60).tiff({ compression: 'lzw' }).toBuffer()
    for (const share of [0.1, 0.5, 0.9, 0.995]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share))
      await expect(inspect(cut, 'image/tiff'), `${share}`).rejects.toMatchObject({ code: 'truncated' })
    }
  })
})
