import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OriginalContentType } from '../../../domain/variants.ts'
import { openOriginal } from '../original.ts'
import { stripGif } from './gif.ts'
import { stripHeif } from './heif.ts'
import { stripJpeg } from './jpeg.ts'
import { assemble, UnstrippableError } from './pieces.ts'
import { stripPng } from './png.ts'
import { stripWebp } from './webp.ts'
import { stripMetadata, type StrippedFile } from './strip-metadata.ts'
import {
  animatedGif,
  animatedPng,
  CAMERA_EXIF,
  flatImage,
  noisyImage,
  orientedImage,
  photoWithMetadata,
  SECRET,
  withPngChunks,
} from '../../../../test/support/factories/images.ts'
import {
  cornersHeic,
  gridItem,
  heifFile,
  iphoneHeic,
  tileItem,
} from '../../../../test/support/factories/heic.ts'
import { motionPhoto, multiPicture, ultraHdr } from '../../../../test/support/factories/jpegs.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-strip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Copy = Omit<StrippedFile, 'pieces'> & { bytes: Buffer; isReencoded: boolean }

async function strip(original: Buffer): Promise<Copy> {
  const file = join(folder, 'original')
  await writeFile(file, original)
  const { pieces, ...copy } = await stripMetadata(file, { maxPixels: 50_000_000 })
  return {
    ...copy,
    bytes: assemble(original, pieces),
    isReencoded: pieces.every((piece) => Buffer.isBuffer(piece)),
  }
}

/** The samples of all frames as they are stored, in their own depth and colours. */
const samples = (image: Buffer) =>
  sharp(image, { animated: true, failOn: 'error' }).keepIccProfile().raw().toBuffer()

async function expectSamePicture(original: Buffer, { bytes, isReencoded }: Copy): Promise<void> {
  expect(isReencoded).toBe(false)
  expect((await samples(bytes)).equals(await samples(original))).toBe(true)
  const [before, after] = await Promise.all([original, bytes].map((image) => sharp(image).metadata()))
  const { width, height, orientation = 1, pages, loop, delay, icc } = before!
  expect({ orientation: 1, ...after }).toMatchObject({ width, height, orientation })
  expect([after!.pages, after!.loop, after!.delay]).toEqual([pages, loop, delay])
  expect(after!.icc?.toString('hex')).toBe(icc?.toString('hex'))
  for (const block of [after!.xmp, after!.iptc, after!.tifftagPhotoshop]) expect(block).toBeUndefined()
}

async function expectSamePixels(type: OriginalContentType, before: Buffer, after: Buffer): Promise<void> {
  const [original, copy] = await Promise.all(
    [before, after].map((bytes) => openOriginal(bytes, type, 50_000_000)),
  )
  const { width, height, metadata } = original!
  expect(copy).toMatchObject({ width, height })
  expect(copy!.metadata.icc?.toString('hex')).toBe(metadata.icc?.toString('hex'))
  const [pixels, copied] = await Promise.all([original!, copy!].map((each) => each.decode({ width, height })))
  expect(copied!.data.equals(pixels!.data)).toBe(true)
}

const segment = (marker: number, text: string) => {
  const head = Buffer.of(0xff, marker, 0, 0)
  head.writeUInt16BE(2 + Buffer.byteLength(text, 'latin1'), 2)
  return Buffer.concat([head, Buffer.from(text, 'latin1')])
}
const behindStart = (jpeg: Buffer, ...more: Buffer[]) =>
  Buffer.concat([jpeg.subarray(0, 2), ...more, jpeg.subarray(2)])
const jpegOf = (options = {}) => noisyImage(96, 64).jpeg(options).toBuffer()

/** A chunk of a WebP. */
function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}
function webpWith(webp: Buffer, chunk: Buffer, tail = ''): Buffer {
  const bytes = Buffer.concat([webp, chunk])
  bytes.writeUInt32LE(bytes.length - 8, 4)
  return Buffer.concat([bytes, Buffer.from(tail)])
}

/** Each has `SECRET` at one place or more. */
const HIDING: Record<string, () => Promise<Buffer>> = {
  'EXIF, XMP and a profile in a JPEG': () => photoWithMetadata('jpeg'),
  'EXIF, XMP and a profile in a PNG': () => photoWithMetadata('png'),
  'EXIF, XMP and a profile in a WebP': () => photoWithMetadata('webp'),
  'a comment': async () => behindStart(await jpegOf(), segment(0xfe, SECRET)),
  'IPTC in Photoshop resources': async () =>
    behindStart(
      await jpegOf(),
      segment(0xed, `Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x17\x1c\x02\x78\0\x12${SECRET}\0`),
    ),
  'a private segment between scans': async () => {
    const jpeg = await jpegOf({ progressive: true })
    const at = jpeg.lastIndexOf(Buffer.of(0xff, 0xda))
    return Buffer.concat([jpeg.subarray(0, at), segment(0xe5, SECRET), jpeg.subarray(at)])
  },
  'the thumbnail of JFIF': async () =>
    behindStart(await jpegOf(), segment(0xe0, `JFIF\0\x01\x01\0\0\x01\0\x01\x03\x02${SECRET}`)),
  'what follows the colours of Adobe': async () =>
    behindStart(await jpegOf(), segment(0xee, `Adobe\0\x64\0\0\0\0\x01${SECRET}`)),
  'bytes between segments': async () => {
    const jpeg = await jpegOf()
    const at = 4 + jpeg.readUInt16BE(4)
    return Buffer.concat([jpeg.subarray(0, at), Buffer.from(SECRET), jpeg.subarray(at)])
  },
  'a second picture': async () => multiPicture(await jpegOf(), await photoWithMetadata('jpeg')),
  'a gain map': async () => ultraHdr(await jpegOf(), await photoWithMetadata('jpeg')),
  'a film': async () => motionPhoto(await jpegOf(), Buffer.from(SECRET)),
  'texts and private chunks of a PNG': async () =>
    withPngChunks(
      await noisyImage(96, 64).png().toBuffer(),
      ['tEXt', Buffer.from(`Comment\0${SECRET}`)],
      ['zzZz', Buffer.from(SECRET)],
      // Longer than it can be.
      ['gAMA', Buffer.from(`\0\0\xb1\x8f${SECRET}`, 'latin1')],
    ),
  'what follows a PNG': async () =>
    Buffer.concat([await noisyImage(96, 64).png().toBuffer(), Buffer.from(SECRET)]),
  'an unknown chunk of a WebP, and what follows it': async () =>
    webpWith(await photoWithMetadata('webp'), riffChunk('zzzz', Buffer.from(SECRET)), SECRET),
  'a second profile in a WebP': async () =>
    webpWith(await photoWithMetadata('webp'), riffChunk('ICCP', Buffer.from(SECRET))),
  'comments and other extensions of a GIF': async () => {
    const gif = await animatedGif(20, 10)
    const extension = (head: string) =>
      Buffer.from(`${head}${String.fromCharCode(SECRET.length)}${SECRET}\0`, 'latin1')
    const more = [extension('\x21\xfe'), extension('\x21\xff\x0bXMP DataXMP')]
    const at = gif.indexOf(Buffer.of(0x21, 0xf9))
    return Buffer.concat([gif.subarray(0, at), ...more, gif.subarray(at), Buffer.from(SECRET)])
  },
}

describe('the copy of an original for others', () => {
  it.each(Object.entries(HIDING))('holds nothing of %s', async (_, make) => {
    const original = await make()
    expect(original.includes(SECRET)).toBe(true)
    const copy = await strip(original)
    expect(copy.bytes.includes(SECRET)).toBe(false)
    expect(copy.bytes.toString('latin1')).not.toMatch(/MPF\0|hdrgm|http:\/\/ns\.adobe|ftypmp42/)
    await expectSamePicture(original, copy)
  })

  it.each(['jpeg', 'png', 'webp'] as const)('keeps the orientation of a %s', async (format) => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const original = await orientedImage(48, 32, orientation).toFormat(format).toBuffer()
      const copy = await strip(original)
      expect(copy).toMatchObject({ format, width: 48, height: 32 })
      await expectSamePicture(original, copy)
    }
  })

  it('keeps every kind of JPEG as it is', async () => {
    const grey = noisyImage(96, 64).greyscale().jpeg().toBuffer()
    const cmyk = noisyImage(96, 64).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer()
    const kinds = [grey, cmyk, jpegOf({ progressive: true }), jpegOf({ mozjpeg: true })]
    for (const original of await Promise.all(kinds)) await expectSamePicture(original, await strip(original))
  })

  it('keeps animations', async () => {
    const gif = await animatedGif(20, 10, 4)
    const webp = await sharp(gif, { animated: true })
      .withExif({ IFD0: { Artist: SECRET } })
      .webp({ loop: 3 })
      .toBuffer()
    for (const original of [gif, webp]) await expectSamePicture(original, await strip(original))
    const [first, second] = await Promise.all(
      [1, 200].map((r) => flatImage(8, 8, { r, g: 0, b: 0 }).png().toBuffer()),
    )
    const apng = animatedPng(first!, second!)
    expect((await strip(apng)).bytes.equals(apng)).toBe(true)
  })

  it('keeps alpha, palettes and 16 bits of a PNG', async () => {
    const alpha = flatImage(8, 8, { r: 1, g: 2, b: 3, alpha: 0.5 }).png()
    const kinds = [
      alpha,
      noisyImage(16, 16).png({ palette: true }),
      noisyImage(16, 16).toColourspace('rgb16').png(),
    ]
    for (const image of kinds) {
      const original = await image.toBuffer()
      await expectSamePicture(original, await strip(original))
    }
  })

  it('keeps the picture of an iPhone alone', async () => {
    const original = await iphoneHeic()
    const copy = await strip(original)
    expect(copy).toMatchObject({ format: 'heic', width: 756, height: 1008, isReencoded: false })
    // Its copy in half the size, its gain map and all that was said about it are gone.
    expect(copy.bytes.length).toBeLessThan(original.length)
    for (const marker of [SECRET, 'Apple', 'adobe', 'hdrgainmap', 'thmb', 'mime', 'Exif'])
      expect([marker, original.includes(marker), copy.bytes.includes(marker)]).toEqual([marker, true, false])
    await expectSamePixels('image/heic', original, copy.bytes)
  })

  it('keeps the turns and mirrors of a HEIC', async () => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const original = await cornersHeic(orientation)
      await expectSamePixels('image/heic', original, (await strip(original)).bytes)
    }
  })

  it('keeps pixels, alpha, profile and turns of an AVIF', async () => {
    const alpha = flatImage(64, 48, { r: 1, g: 200, b: 3, alpha: 0.5 }).withExif(CAMERA_EXIF)
    const turned = orientedImage(64, 48, 6)
    const kinds = [photoWithMetadata('avif'), ...[alpha, turned].map((image) => image.avif().toBuffer())]
    for (const original of await Promise.all(kinds)) {
      const copy = await strip(original)
      expect([copy.format, copy.isReencoded, copy.bytes.includes(SECRET)]).toEqual(['avif', false, false])
      expect(copy.bytes.includes('Exif')).toBe(false)
      await expectSamePixels('image/avif', original, copy.bytes)
    }
  })

  it('is never longer than damaged files allow', async () => {
    const filters = [
      [await photoWithMetadata('jpeg'), (bytes: Buffer) => stripJpeg(bytes, 6)],
      [await photoWithMetadata('png'), (bytes: Buffer) => stripPng(bytes, 6)],
      [await photoWithMetadata('webp'), (bytes: Buffer) => stripWebp(bytes, 6)],
      [await animatedGif(20, 10), stripGif],
      [await iphoneHeic(), stripHeif],
      [await photoWithMetadata('avif'), stripHeif],
    ] as const
    const damage = fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { minLength: 1, maxLength: 8 })
    const cut = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }))
    for (const [good, filter] of filters) {
      const head = Math.min(good.length, 2_000)
      fc.assert(
        fc.property(damage, cut, (flips, share) => {
          const bytes = Buffer.from(good.subarray(0, Math.ceil(good.length * share)))
          for (const { at, value } of flips) bytes[at % Math.min(head, bytes.length)] = value
          try {
            expect(assemble(bytes, filter(bytes)).length).toBeLessThan(bytes.length + 200)
          } catch (error) {
            expect(error).toBeInstanceOf(UnstrippableError)
          }
        }),
        { numRuns: 300 },
      )
    }
  })

  it('is not made of a HEIF whose items share their bytes to grow', async () => {
    const tiles = Array.from({ length: 4 }, () => tileItem('scene00', { hidden: true }))
    const grid = gridItem({ width: 1024, height: 1024 }, 2, [0, 1, 2, 3])
    const good = heifFile([...tiles, grid], 4)
    expect(() => stripHeif(good)).not.toThrow()
    // Each item is said to begin where the first one does, and to go on to the end.
    const bytes = Buffer.from(good)
    const iloc = bytes.indexOf('iloc') + 4 + 4 + 4
    const first = bytes.readUInt32BE(iloc + 6)
    for (let item = 0; item < 5; item++) {
      bytes.writeUInt32BE(first, iloc + item * 14 + 6)
      bytes.writeUInt32BE(bytes.length - first, iloc + item * 14 + 10)
    }
    expect(() => stripHeif(bytes)).toThrow('grows')
  })

  it('is made again as a JPEG of a TIFF', async () => {
    const original = await noisyImage(96, 64)
      .withExif({ IFD0: { Artist: SECRET } })
      .tiff()
      .toBuffer()
    const copy = await strip(original)
    expect(copy).toMatchObject({ format: 'jpeg', width: 96, height: 64, isReencoded: true })
    expect(copy.bytes.includes(SECRET)).toBe(false)
    expect(await sharp(copy.bytes).metadata()).toMatchObject({ width: 96, height: 64, format: 'jpeg' })
  })

  it('has the colours that variants have, if it is made again', async () => {
    const red = flatImage(32, 24, { r: 200, g: 30, b: 60 })
    const kinds = [
      red.clone().tiff(),
      red.clone().toColourspace('rgb16').withIccProfile('p3').tiff(),
      red.clone().toColourspace('cmyk').withIccProfile('cmyk').tiff(),
      flatImage(32, 24, { r: 200, g: 30, b: 60, alpha: 0.5 }).tiff(),
    ]
    for (const [kind, image] of kinds.entries()) {
      const original = await image.toBuffer()
      const { bytes } = await strip(original)
      const opened = await openOriginal(original, 'image/tiff', 50_000_000)
      const { data, ...raw } = await opened.decode({ width: 32, height: 24 })
      const shown = await sharp(data, { raw }).flatten({ background: '#ffffff' }).raw().toBuffer()
      const copied = await sharp(bytes).raw().toBuffer()
      const distances = [0, 1, 2].map((channel) => Math.abs(copied[channel]! - shown[channel]!))
      expect([kind, Math.max(...distances) < 4]).toEqual([kind, true])
    }
  })

  it('is made again of a PNG with a critical chunk that is unknown', async () => {
    const original = withPngChunks(await noisyImage(96, 64).png().toBuffer(), ['ZZZZ', Buffer.from(SECRET)])
    const copy = await strip(original).catch((error: Error) => error)
    if (copy instanceof Error) expect(copy).toMatchObject({ code: 'not_an_image' })
    else expect([copy.format, copy.bytes.includes(SECRET)]).toEqual(['jpeg', false])
  })
})
