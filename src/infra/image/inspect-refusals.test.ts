import { fileTypeFromBuffer } from 'file-type'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ORIGINAL_CONTENT_TYPES } from '../../domain/variants.ts'
import { inspectOriginal } from './inspect.ts'
import type { InspectOptions } from './inspect.ts'
import {
  animatedPng,
  bombGif,
  bombJpeg,
  bombPng,
  noisyImage,
} from '../../../test/support/factories/images.ts'

function inspect(bytes: Buffer, options: Partial<InspectOptions> = {}) {
  const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }
  return inspectOriginal(bytes, { declaredContentType: 'image/jpeg', ...limits, ...options })
}

function refusal(code: string) {
  return { name: 'InvalidImageError', code, detail: expect.stringMatching(/^[A-Z0-9].*\.$/) }
}

const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'

describe('trailer_too_large', () => {
  const MIB = 1024 ** 2

  it.each(['jpeg', 'png', 'webp', 'gif'] as const)(
    'refuses a small %s before a large file, and takes what phones append',
    async (format) => {
      const image = await noisyImage(60, 40)[format]().toBuffer()
      const followedBy = (bytes: number) =>
        inspect(Buffer.concat([image, Buffer.alloc(bytes)]), { declaredContentType: `image/${format}` })
      await expect(followedBy(25 * MIB)).resolves.toMatchObject({ width: 60 })
      await expect(followedBy(25 * MIB + 1)).rejects.toMatchObject(refusal('trailer_too_large'))
    },
  )
})

describe('not_an_image', () => {
  it.each([
    ['nothing', ''],
    ['one byte', '\xff'],
    ['text', 'Dear diary, '.repeat(100)],
    ['HTML', '<!doctype html><html><script>alert(1)</script></html>'],
    ['SVG', svg],
    ['SVG without a prologue', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['PDF', '%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n'],
    ['a ZIP', 'PK\x03\x04' + '\0'.repeat(60)],
    ['noise', Array.from({ length: 999 }, (_, i) => String.fromCharCode((i * 7919) % 251)).join('')],
  ])('refuses %s', async (_what, text) => {
    for (const declaredContentType of ORIGINAL_CONTENT_TYPES) {
      const refused = inspect(Buffer.from(text, 'latin1'), { declaredContentType })
      await expect(refused).rejects.toMatchObject(refusal('not_an_image'))
    }
  })

  it.each(['text', '%PDF-1.7', '<html>', svg])('refuses a JPEG magic number before %s', async (text) => {
    const bytes = Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xe0), Buffer.from(text.repeat(20))])
    await expect(inspect(bytes)).rejects.toMatchObject({
      code: expect.stringMatching(/^(not_an_image|truncated)$/),
    })
  })

  it('refuses a PNG with damaged pixels', async () => {
    const png = await noisyImage(100, 80).png().toBuffer()
    png[png.length >> 1]! ^= 0x55
    await expect(inspect(png, { declaredContentType: 'image/png' })).rejects.toMatchObject(
      refusal('not_an_image'),
    )
  })

  it('refuses a progressive JPEG with hundreds of scans', async () => {
    const jpeg = await noisyImage(800, 800).jpeg({ progressive: true }).toBuffer()
    const scan = jpeg.subarray(jpeg.lastIndexOf(Buffer.of(0xff, 0xda)), -2)
    const scans = Array.from({ length: 300 }, () => scan)
    const bomb = Buffer.concat([jpeg.subarray(0, -2), ...scans, jpeg.subarray(-2)])
    await expect(inspect(bomb)).rejects.toMatchObject({ name: 'InvalidImageError' })
  })
})

describe('type_mismatch', () => {
  it('refuses an accepted type other than the declared one', async () => {
    const png = await noisyImage(30, 20).png().toBuffer()
    await expect(inspect(png)).rejects.toMatchObject(refusal('type_mismatch'))
    await expect(inspect(png)).rejects.toThrow(/image\/png, not image\/jpeg/)
  })

  it('refuses images of types that are not accepted, also if declared so', async () => {
    const bmp = Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)])
    for (const declaredContentType of ['image/jpeg', 'image/bmp']) {
      await expect(inspect(bmp, { declaredContentType })).rejects.toMatchObject(refusal('type_mismatch'))
    }
  })

  it('accepts an AVIF with a general major brand and an animated PNG', async () => {
    const avif = await noisyImage(30, 20).avif({ effort: 0 }).toBuffer()
    avif.write('mif1', 8, 'latin1')
    expect(await inspect(avif, { declaredContentType: 'image/avif' })).toMatchObject({
      contentType: 'image/avif',
    })
    const apng = animatedPng(await noisyImage(30, 20).png().toBuffer())
    expect(await fileTypeFromBuffer(apng)).toMatchObject({ mime: 'image/apng' })
    expect(await inspect(apng, { declaredContentType: 'image/png' })).toMatchObject({
      contentType: 'image/png',
    })
  })

  it('refuses HEVC that claims to be AVIF', async () => {
    const avif = await noisyImage(30, 20).avif({ effort: 0 }).toBuffer()
    const item = avif.indexOf('av01')
    avif.write('hvc1', item, 'latin1')
    await expect(inspect(avif, { declaredContentType: 'image/avif' })).rejects.toMatchObject(
      refusal('type_mismatch'),
    )
    await expect(inspect(avif, { declaredContentType: 'image/heic' })).rejects.toMatchObject(
      refusal('not_an_image'),
    )
  })
})

describe('too_many_pixels', () => {
  it('is decided by the header, whatever follows it', async () => {
    for (const [declaredContentType, bytes] of [
      ['image/png', bombPng(60_000, 60_000)],
      ['image/png', bombPng(7_072, 7_072)],
      ['image/jpeg', await bombJpeg(65_500, 65_500)],
      ['image/gif', bombGif(65_535, 65_535)],
    ] as const) {
      await expect(inspect(bytes, { declaredContentType })).rejects.toMatchObject(refusal('too_many_pixels'))
    }
  })

  it('starts one pixel above the limit', async () => {
    const webp = await noisyImage(30, 20).webp().toBuffer()
    const options = { declaredContentType: 'image/webp' }
    expect(await inspect(webp, { ...options, maxPixels: 600 })).toMatchObject({ width: 30 })
    await expect(inspect(webp, { ...options, maxPixels: 599 })).rejects.toMatchObject(
      refusal('too_many_pixels'),
    )
  })

  it('does not cover a header beyond what libvips can read', async () => {
    const refused = inspect(bombPng(2 ** 31 - 1, 2 ** 31 - 1), { declaredContentType: 'image/png' })
    await expect(refused).rejects.toMatchObject({ name: 'InvalidImageError' })
  })
})

describe('size_mismatch and checksum_mismatch', () => {
  it('refuse more or fewer bytes than declared or allowed', async () => {
    const jpeg = await noisyImage(30, 20).jpeg().toBuffer()
    for (const expectedBytes of [jpeg.length - 1, jpeg.length + 1]) {
      await expect(inspect(jpeg, { expectedBytes })).rejects.toMatchObject(refusal('size_mismatch'))
    }
    await expect(inspect(jpeg, { maxBytes: jpeg.length - 1 })).rejects.toMatchObject(refusal('size_mismatch'))
    expect(await inspect(jpeg, { maxBytes: jpeg.length })).toMatchObject({ bytes: jpeg.length })
  })

  it('refuse a checksum other than the declared one', async () => {
    const jpeg = await noisyImage(30, 20).jpeg().toBuffer()
    const refused = inspect(jpeg, { expectedSha256: '0'.repeat(64) })
    await expect(refused).rejects.toMatchObject(refusal('checksum_mismatch'))
  })
})

it('loads only the accepted formats', async () => {
  await expect(sharp(Buffer.from(svg)).metadata()).rejects.toThrow(/unsupported/)
})
