import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { thumbHashToApproximateAspectRatio, thumbHashToAverageRGBA } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import { inspectOriginal } from './inspect.ts'
import type { InspectOptions } from './inspect.ts'
import {
  animatedGif,
  CAMERA_EXIF,
  flatImage,
  noisyImage,
  orientedImage,
  photoWithMetadata,
} from '../../../test/support/factories/images.ts'

const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }

function inspect(bytes: Buffer, declaredContentType = 'image/jpeg', options: Partial<InspectOptions> = {}) {
  return inspectOriginal(bytes, { declaredContentType, ...limits, ...options })
}

const encoders = {
  'image/jpeg': () => noisyImage(300, 200).jpeg().toBuffer(),
  'image/png': () => noisyImage(300, 200).png().toBuffer(),
  'image/webp': () => noisyImage(300, 200).webp().toBuffer(),
  'image/avif': () => noisyImage(300, 200).avif({ effort: 0 }).toBuffer(),
  'image/gif': () => noisyImage(300, 200).gif().toBuffer(),
}
const formats = Object.entries(encoders)

describe('an accepted original', () => {
  it.each(formats)('is described: %s', async (type, encode) => {
    const bytes = await encode()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const original = await inspect(bytes, type, {
      expectedBytes: bytes.length,
      expectedSha256: sha256.toUpperCase(),
    })
    expect(original).toEqual({
      contentType: type,
      animationFrames: 0,
      perceptualHash: expect.any(BigInt),
      bytes: bytes.length,
      width: 300,
      height: 200,
      orientation: 1,
      sha256,
      thumbhash: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
    })
  })

  it('may be a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inspect-'))
    try {
      const bytes = await noisyImage(30, 20).jpeg().toBuffer()
      await writeFile(join(folder, 'original'), bytes)
      const options = { declaredContentType: 'image/jpeg', ...limits }
      expect(await inspectOriginal(join(folder, 'original'), options)).toEqual(await inspect(bytes))
      await expect(inspectOriginal(join(folder, 'absent'), options)).rejects.toMatchObject({ code: 'ENOENT' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('reports its size after orientation %i', async (orientation) => {
    const original = await inspect(await orientedImage(60, 40, orientation).jpeg().toBuffer())
    expect(original).toMatchObject({ width: 60, height: 40, orientation })
    expect(thumbHashToApproximateAspectRatio(Buffer.from(original.thumbhash, 'base64'))).toBeGreaterThan(1)
  })

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)(
    'reports its time, place and camera: %s',
    async (format) => {
      expect(await inspect(await photoWithMetadata(format), `image/${format}`)).toMatchObject({
        takenAt: { local: '2024-05-01T12:34:56', offsetMinutes: 120 },
        camera: CAMERA_EXIF.IFD0!.Model,
        location: { latitude: 51.50725, longitude: -0.1275 },
      })
    },
  )

  it('has a placeholder in its colour', async () => {
    const { thumbhash } = await inspect(
      await flatImage(500, 300, { r: 200, g: 100, b: 50 }).jpeg().toBuffer(),
    )
    const average = thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64'))
    expect(average.r * 255).toBeCloseTo(200, -1.5)
    expect(average.g * 255).toBeCloseTo(100, -1.5)
    expect(average.b * 255).toBeCloseTo(50, -1.5)
  })

  it('has a placeholder that keeps transparency', async () => {
    const { thumbhash } = await inspect(
      await flatImage(50, 30, { r: 9, g: 9, b: 9, alpha: 0.5 }).png().toBuffer(),
      'image/png',
    )
    expect(thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64')).a).toBeCloseTo(0.5, 1)
  })

  it('uses the first frame of an animation', async () => {
    const original = await inspect(await animatedGif(40, 30), 'image/gif')
    expect(original).toMatchObject({ width: 40, height: 30 })
    expect(thumbHashToAverageRGBA(Buffer.from(original.thumbhash, 'base64')).r).toBeGreaterThan(0.9)
  })

  it.each([
    [1, 1],
    [1, 20_000],
    [20_000, 1],
  ])('may be %i × %i', async (width, height) => {
    const bytes = await flatImage(width, height, { r: 1, g: 2, b: 3 }).png().toBuffer()
    expect(await inspect(bytes, 'image/png')).toMatchObject({ width, height })
  })

  it('may be grey, CMYK, 16-bit or progressive', async () => {
    const grey = await noisyImage(50, 40).toColourspace('b-w').jpeg().toBuffer()
    const cmyk = await noisyImage(50, 40).toColourspace('cmyk').jpeg().toBuffer()
    const progressive = await noisyImage(50, 40).jpeg({ progressive: true }).toBuffer()
    for (const bytes of [grey, cmyk, progressive]) expect(await inspect(bytes)).toMatchObject({ width: 50 })
    const deep = await noisyImage(50, 40).toColourspace('rgb16').png().toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect(await inspect(deep, 'image/png')).toMatchObject({ width: 50 })
  })

  it('may have bytes after its end and stray bytes before it', async () => {
    const jpeg = await noisyImage(50, 40).jpeg().toBuffer()
    const video = Buffer.concat([jpeg, Buffer.from('a motion video follows here')])
    const stray = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(7, 1), jpeg.subarray(-2)])
    for (const bytes of [video, stray]) expect(await inspect(bytes)).toMatchObject({ width: 50, height: 40 })
  })
})

describe('truncated', () => {
  it.each([
    ...formats,
    ['image/jpeg', () => noisyImage(300, 200).jpeg({ progressive: true }).toBuffer()] as const,
  ])('refuses %s cut anywhere', async (type, encode) => {
    const bytes = await encode()
    const lengths = [1, 2, 3, 5, 8, 12, 13, 40, 100, 400, 1000].map((cut) => bytes.length - cut)
    for (const fraction of [0.1, 0.3, 0.5, 0.9]) lengths.push(Math.floor(bytes.length * fraction))
    for (const length of lengths.filter((l) => l > 100)) {
      await expect(
        inspect(bytes.subarray(0, length), type),
        `${length} of ${bytes.length}`,
      ).rejects.toMatchObject({
        name: 'InvalidImageError',
        code: 'truncated',
      })
    }
  })

  it('refuses a JPEG with an end marker in its EXIF thumbnail only', async () => {
    const thumbnail = await noisyImage(16, 12).jpeg().toBuffer()
    const jpeg = await noisyImage(300, 200).jpeg().toBuffer()
    const segment = Buffer.concat([Buffer.of(0xff, 0xe5, 0, 0), thumbnail])
    segment.writeUInt16BE(segment.length - 2, 2)
    const whole = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
    expect(await inspect(whole)).toMatchObject({ width: 300 })
    await expect(inspect(whole.subarray(0, -10))).rejects.toMatchObject({ code: 'truncated' })
  })

  it('refuses a JPEG that was cut and given an end marker', async () => {
    const jpeg = await noisyImage(300, 200).jpeg().toBuffer()
    const cut = Buffer.concat([jpeg.subarray(0, jpeg.length / 2), jpeg.subarray(-2)])
    await expect(inspect(cut)).rejects.toMatchObject({ code: 'truncated' })
  })

  it('refuses an animation cut in a later frame', async () => {
    const gif = await animatedGif(40, 30)
    await expect(inspect(gif.subarray(0, -4), 'image/gif')).rejects.toMatchObject({ code: 'truncated' })
  })
})
