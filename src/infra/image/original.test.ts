import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { accepted, refusal } from '../../../test/support/accepted.ts'
import { avifItem, exifItem, heifFile, irot } from '../../../test/support/factories/heic.ts'
import {
  animatedGif,
  animatedPng,
  CORNERS,
  flatImage,
  noisyImage,
  onCanvas,
  orientedImage,
  photoWithMetadata,
  pixelAt,
  SECRET,
} from '../../../test/support/factories/images.ts'
import { motionPhoto, multiPicture, ultraHdr, withExifBytes } from '../../../test/support/factories/jpegs.ts'

const RED = { r: 220, g: 30, b: 30 }
const BLUE = { r: 30, g: 30, b: 220 }

async function expectPixel(
  picture: Buffer,
  x: number,
  y: number,
  expected: readonly number[],
): Promise<void> {
  const actual = await pixelAt(picture, x, y)
  const distance = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  expect(distance, `${actual.join()} at ${x}, ${y} should be ${expected.join()}`).toBeLessThanOrEqual(10)
}

async function expectCorners(picture: Buffer): Promise<void> {
  const { width, height } = await sharp(picture).metadata()
  await expectPixel(picture, 9, 9, CORNERS.topLeft)
  await expectPixel(picture, width - 9, 9, CORNERS.topRight)
  await expectPixel(picture, 9, height - 9, CORNERS.bottomLeft)
  await expectPixel(picture, width - 9, height - 9, CORNERS.bottomRight)
}

describe('what phones append', () => {
  const first = () => flatImage(900, 600, RED).jpeg().toBuffer()

  it('as a second picture is never shown: MPO', async () => {
    const second = await photoWithMetadata('jpeg', 300, 200)
    const { original, picture } = await accepted(multiPicture(await first(), second), 'image/jpeg')
    expect(original).toMatchObject({ contentType: 'image/jpeg', width: 900, height: 600 })
    // Its place is that of another picture.
    expect(original.location).toBeUndefined()
    expect(picture.includes(SECRET)).toBe(false)
    await expectPixel(picture, 400, 300, [220, 30, 30])
  })

  it('as a gain map leaves the ordinary picture: Ultra HDR', async () => {
    const map = await flatImage(225, 150, { r: 250, g: 250, b: 250 }).toColourspace('b-w').jpeg().toBuffer()
    const { original, picture } = await accepted(ultraHdr(await first(), map), 'image/jpeg')
    expect(original).toMatchObject({ width: 900, height: 600 })
    await expectPixel(picture, 400, 300, [220, 30, 30])
    expect(picture.includes('hdrgm')).toBe(false)
  })

  it('as a film leaves the photo: motion photo', async () => {
    const film = Buffer.alloc(300_000, SECRET)
    const { original, picture } = await accepted(motionPhoto(await first(), film), 'image/jpeg')
    expect(original).toMatchObject({ contentType: 'image/jpeg', width: 900 })
    expect(picture.includes(SECRET)).toBe(false)
  })

  it('does not hide that the picture before it is cut', async () => {
    const whole = await noisyImage(900, 600).jpeg().toBuffer()
    const cut = whole.subarray(0, whole.length * 0.8)
    for (const file of [multiPicture(cut, whole), ultraHdr(cut, whole), motionPhoto(cut, whole)]) {
      expect(await refusal(file, 'image/jpeg')).toMatchObject({ code: 'truncated' })
    }
  })

  it.each([
    ['three zeros', Buffer.alloc(3)],
    ['seven zeros', Buffer.alloc(7)],
    ['a text', Buffer.from('exported by an editor')],
    ['a long text', Buffer.from('exported by an editor\n'.repeat(100))],
  ])('behind the last box of an AVIF is passed over: %s', async (_what, tail) => {
    const avif = await flatImage(90, 60, RED).avif({ effort: 0 }).toBuffer()
    const { picture } = await accepted(Buffer.concat([avif, tail]), 'image/avif')
    await expectPixel(picture, 40, 30, [220, 30, 30])
  })
})

describe('the first frame', () => {
  it.each([false, true])('smaller than its GIF is laid on nothing: transparent %s', async (isTransparent) => {
    const gif = await flatImage(400, 200, RED).gif().toBuffer()
    const canvas = { width: 1500, height: 1200 }
    const { original, picture } = await accepted(
      onCanvas(gif, canvas, { left: 750, top: 600, isTransparent }),
      'image/gif',
    )
    expect(original).toMatchObject(canvas)
    expect(await sharp(picture).metadata()).toMatchObject({ width: 800, height: 640, hasAlpha: true })
    await expectPixel(picture, 500, 370, [220, 30, 30, 255])
    for (const [x, y] of [
      [10, 10],
      [395, 370],
      [620, 370],
      [500, 315],
      [500, 432],
      [790, 630],
    ] as const)
      expect((await pixelAt(picture, x, y))[3], `${x}, ${y}`).toBe(0)
  })

  it('on a GIF that its decoder measures otherwise stays in its place', async () => {
    const gif = await flatImage(400, 200, RED).gif().toBuffer()
    // libnsgif takes this size for a screen's, and one that a frame reaches over for a mistake.
    const screen = onCanvas(gif, { width: 1600, height: 1200 }, { left: 800, top: 600 })
    const narrow = onCanvas(gif, { width: 300, height: 300 }, { left: 200, top: 150 })
    for (const [bytes, size] of [
      [screen, { width: 1200, height: 800 }],
      [narrow, { width: 600, height: 350 }],
    ] as const) {
      const { original, picture } = await accepted(bytes, 'image/gif')
      expect(original).toMatchObject(size)
      const { width, height } = await sharp(picture).metadata()
      await expectPixel(picture, width - 3, height - 3, [220, 30, 30, 255])
      expect((await pixelAt(picture, width - 3, 3))[3]).toBe(0)
      expect((await pixelAt(picture, 3, height - 3))[3]).toBe(0)
    }
  })

  it('of an animated GIF, WebP or PNG is the photo', async () => {
    const gif = await animatedGif(90, 60)
    const webp = await sharp(gif, { animated: true }).webp().toBuffer()
    const [red, blue] = await Promise.all(
      [RED, BLUE].map((colour) => flatImage(90, 60, colour).png().toBuffer()),
    )
    const apng = animatedPng(red!, blue!, blue!)
    for (const [bytes, type, colour] of [
      [gif, 'image/gif', [255, 0, 0]],
      [webp, 'image/webp', [255, 0, 0]],
      [apng, 'image/png', [220, 30, 30]],
    ] as const) {
      const { original, picture } = await accepted(bytes, type)
      expect(original).toMatchObject({ contentType: type, width: 90, height: 60 })
      await expectPixel(picture, 40, 30, colour)
    }
  })

  it('of an AVIF sequence is its still picture', async () => {
    const avif = await flatImage(90, 60, RED).avif({ effort: 0 }).toBuffer()
    const sequence = heifFile([avifItem(avif)], 0, 'avis')
    expect(sequence.toString('latin1', 8, 12)).toBe('avis')
    const { original, picture } = await accepted(sequence, 'image/avif')
    expect(original).toMatchObject({ contentType: 'image/avif', width: 90, height: 60 })
    await expectPixel(picture, 40, 30, [220, 30, 30])
  })

  it('is what an AVIF film without a still picture lacks', async () => {
    const ftyp = Buffer.from('\0\0\0\x18ftypavis\0\0\0\0avismsf1', 'latin1')
    const moov = Buffer.from('\0\0\0\x10moov\0\0\0\x08free', 'latin1')
    expect(await refusal(Buffer.concat([ftyp, moov]), 'image/avif')).toEqual({
      code: 'not_an_image',
      detail: 'This AVIF is a film without a still picture.',
    })
  })
})

describe('orientation', () => {
  const orientations = [1, 2, 3, 4, 5, 6, 7, 8]

  it.each(['jpeg', 'png', 'webp', 'tiff'] as const)('by EXIF turns a %s upright', async (format) => {
    for (const orientation of orientations) {
      const bytes = await orientedImage(120, 80, orientation).toFormat(format, { quality: 100 }).toBuffer()
      const { original, picture } = await accepted(bytes, `image/${format}`)
      expect(original).toMatchObject({ width: 120, height: 80, orientation })
      await expectCorners(picture)
    }
  })

  it('by its own properties turns an AVIF upright', async () => {
    for (const [orientation, quarters] of [
      [1, 0],
      [3, 2],
      [6, 3],
      [8, 1],
    ] as const) {
      const stored = await orientedImage(128, 64, orientation).png().toBuffer()
      const avif = await sharp(stored, { autoOrient: false }).avif({ quality: 95, effort: 0 }).toBuffer()
      const item = avifItem(avif, ...(quarters ? [irot(quarters)] : []))
      // What EXIF says beside them is ignored.
      const exif = await exifItem(0, { IFD0: { Orientation: '8' } })
      for (const file of [heifFile([item], 0, 'avif'), heifFile([item, exif], 0, 'avif')]) {
        const { original, picture } = await accepted(file, 'image/avif')
        expect(original, `${orientation}`).toMatchObject({ width: 128, height: 64, orientation: 1 })
        await expectCorners(picture)
      }
    }
  })

  const SHORT = 3
  const ASCII = 2
  it.each([
    ['0', SHORT, Buffer.of(0, 0)],
    ['9', SHORT, Buffer.of(9, 0)],
    ['65535', SHORT, Buffer.of(255, 255)],
    ['-1 as a byte', 6, Buffer.of(255)],
    ['the text "6"', ASCII, Buffer.from('6\0')],
    ['the text "Horizontal"', ASCII, Buffer.from('Hor')],
  ])('of %s is none', async (_what, type, value) => {
    const jpeg = await orientedImage(120, 80, 1).jpeg({ quality: 100 }).toBuffer()
    const tiff = Buffer.from(
      '49492a00080000000100' + '12010000' + '01000000' + '00000000' + '00000000',
      'hex',
    )
    tiff.writeUInt16LE(type, 12)
    value.copy(tiff, 18)
    const { original, picture } = await accepted(withExifBytes(jpeg, tiff), 'image/jpeg')
    expect(original).toMatchObject({ width: 120, height: 80, orientation: 1 })
    await expectCorners(picture)
  })

  it('is read of an EXIF block as short as that', async () => {
    const jpeg = await orientedImage(120, 80, 1).jpeg({ quality: 100 }).toBuffer()
    const tiff = Buffer.from(
      '49492a00080000000100' + '12010300' + '01000000' + '06000000' + '00000000',
      'hex',
    )
    const { original } = await accepted(withExifBytes(jpeg, tiff), 'image/jpeg')
    expect(original).toMatchObject({ width: 80, height: 120, orientation: 6 })
  })
})
