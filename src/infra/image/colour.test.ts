import sharp from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { describe, expect, it } from 'vitest'
import { accepted } from '../../../test/support/accepted.ts'
import { avifItem, heifFile, nclxProperty } from '../../../test/support/factories/heic.ts'
import { flatImage, pixelAt, withPngChunks } from '../../../test/support/factories/images.ts'

type Rgb = readonly [number, number, number]

const flat = ([r, g, b]: Rgb) => flatImage(60, 40, { r, g, b })

/** The red of sRGB as Display P3 writes it; 255, 0, 0 is another red there. */
const RED_IN_P3: Rgb = [234, 51, 35]
const RED: Rgb = [255, 0, 0]

async function shown(
  bytes: Buffer,
  contentType: string,
): Promise<{ picture: number[]; placeholder: number[] }> {
  const { picture, original } = await accepted(bytes, contentType)
  const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(original.thumbhash, 'base64'))
  return { picture: await pixelAt(picture, 20, 20), placeholder: [r, g, b].map((value) => value * 255) }
}

async function expectShown(bytes: Buffer, contentType: string, expected: Rgb, tolerance = 5): Promise<void> {
  const { picture, placeholder } = await shown(bytes, contentType)
  const distance = (actual: number[]) => Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  expect(distance(picture), `the picture: ${picture.join()}, not ${expected.join()}`).toBeLessThanOrEqual(
    tolerance,
  )
  // A placeholder has five bits or so of each colour.
  expect(distance(placeholder), `the placeholder: ${placeholder.join()}`).toBeLessThanOrEqual(tolerance + 12)
}

describe('a profile', () => {
  /** 16 bit a sample, in Display P3 with its profile, or without one. */
  const deep = (rgb: Rgb) => {
    const pixels = Uint16Array.from({ length: 60 * 40 * 3 }, (_, i) => rgb[i % 3]! * 257)
    return sharp(pixels, { raw: { width: 60, height: 40, channels: 3 } }).toColourspace('rgb16')
  }

  it('of 8 and of 16 bit gives the same colours and the same placeholder', async () => {
    // sharp converts to the profile that it attaches.
    const shallow = await flat([200, 60, 90]).withIccProfile('p3').png().toBuffer()
    const p3 = (await sharp(shallow).metadata()).icc!
    const values = [...(await sharp(shallow, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3)]
    const plain = await deep(values as unknown as Rgb)
      .png()
      .toBuffer()
    const deepTagged = withPngChunks(plain, ['iCCP', await iccChunk(p3)])
    expect(await sharp(deepTagged).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true })
    await expectShown(shallow, 'image/png', [200, 60, 90])
    await expectShown(deepTagged, 'image/png', [200, 60, 90])
    const [one, two] = await Promise.all([shown(shallow, 'image/png'), shown(deepTagged, 'image/png')])
    expect(two.placeholder).toEqual(one.placeholder)
  })

  it.each(['png', 'tiff'] as const)('is not needed by 16 bit: %s', async (format) => {
    await expectShown(await deep([200, 60, 90]).toFormat(format).toBuffer(), `image/${format}`, [200, 60, 90])
  })

  it.each(['jpeg', 'tiff'] as const)(
    'of CMYK is obeyed, and one is assumed without it: %s',
    async (format) => {
      const red = flat([200, 60, 90]).toColourspace('cmyk')
      const tagged = await red.clone().withIccProfile('cmyk').toFormat(format).toBuffer()
      const plain = await red.clone().toFormat(format).toBuffer()
      expect(await sharp(tagged).metadata()).toMatchObject({ space: 'cmyk', hasProfile: true })
      expect(await sharp(plain).metadata()).toMatchObject({ space: 'cmyk', hasProfile: false })
      await expectShown(tagged, `image/${format}`, [200, 60, 90], 25)
      await expectShown(plain, `image/${format}`, [200, 60, 90], 25)
    },
  )
})

describe('code points of an AVIF', () => {
  const avif = async (rgb: Rgb, bitdepth: 8 | 10 | 12, ...points: [number, number] | []) => {
    const encoded = await flat(rgb)
      .avif({ quality: 95, effort: 0, bitdepth, chromaSubsampling: '4:4:4' })
      .toBuffer()
    const [primaries, transfer] = points
    const colr = primaries === undefined ? [] : [nclxProperty(primaries, transfer!)]
    return heifFile([avifItem(encoded, ...colr)], 0, 'avif')
  }

  it.each([8, 10, 12] as const)('say Display P3 of %i bit', async (bitdepth) => {
    await expectShown(await avif(RED_IN_P3, bitdepth), 'image/avif', RED_IN_P3)
    await expectShown(await avif(RED_IN_P3, bitdepth, 1, 13), 'image/avif', RED_IN_P3)
    await expectShown(await avif(RED_IN_P3, bitdepth, 12, 13), 'image/avif', RED)
  })

  it.each([8, 10] as const)('say PQ of %i bit: paper white is bright, dark stays dark', async (bitdepth) => {
    const grey = async (value: number) =>
      (await shown(await avif([value, value, value], bitdepth, 9, 16), 'image/avif')).picture[0]!
    // 203, 20, 2 and 1,000 cd/m²: paper white, a tenth and a hundredth of it, and a highlight.
    const [white, tenth, hundredth, highlight] = await Promise.all([148, 91, 47, 192].map(grey))
    expect(tenth).toBeGreaterThan(80)
    expect(tenth).toBeLessThan(96)
    expect(hundredth).toBeLessThan(32)
    expect(white).toBeGreaterThan(200)
    expect(highlight).toBeGreaterThan(white!)
    expect(highlight).toBeGreaterThan(250)
  })

  it('that nobody knows count as sRGB', async () => {
    await expectShown(await avif(RED_IN_P3, 8, 77, 99), 'image/avif', RED_IN_P3)
  })
})

describe('chunks of a PNG', () => {
  const png = async (rgb: Rgb, ...chunks: [string, Buffer][]) =>
    withPngChunks(await flat(rgb).png().toBuffer(), ...chunks)
  const u32 = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
    return bytes
  }
  const gAMA = (gamma: number): [string, Buffer] => ['gAMA', u32(Math.round(gamma * 100_000))]
  /** Of Display P3: white, red, green, blue. */
  const cHRM: [string, Buffer] = ['cHRM', u32(31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)]
  const sRGB: [string, Buffer] = ['sRGB', Buffer.of(0)]

  it('gAMA is obeyed, as browsers do', async () => {
    // Linear light: a fifth of it is 124 in sRGB.
    await expectShown(await png([51, 51, 51], gAMA(1)), 'image/png', [124, 124, 124])
    // The old one of Macintosh, 1 / 1.8.
    await expectShown(await png([128, 128, 128], gAMA(1 / 1.8)), 'image/png', [145, 145, 145])
  })

  it('gAMA of about 1 / 2.2 changes nothing', async () => {
    await expectShown(await png([51, 128, 200], gAMA(1 / 2.2)), 'image/png', [51, 128, 200], 3)
  })

  it('gAMA gives way to sRGB and to a profile', async () => {
    await expectShown(await png([51, 51, 51], sRGB, gAMA(1)), 'image/png', [51, 51, 51])
    const tagged = await flat([200, 60, 90]).withIccProfile('p3').png().toBuffer()
    await expectShown(withPngChunks(tagged, gAMA(1)), 'image/png', [200, 60, 90])
  })

  it('gAMA that is a mistake is ignored', async () => {
    for (const gamma of [0, 0.0001, 40_000])
      await expectShown(await png([51, 51, 51], gAMA(gamma)), 'image/png', [51, 51, 51])
  })

  it('cHRM and cICP say Display P3', async () => {
    await expectShown(await png(RED_IN_P3, gAMA(1 / 2.2), cHRM), 'image/png', RED, 12)
    await expectShown(await png(RED_IN_P3, ['cICP', Buffer.of(12, 13, 0, 1)]), 'image/png', RED)
    // It stands above everything else.
    await expectShown(await png(RED_IN_P3, ['cICP', Buffer.of(12, 13, 0, 1)], sRGB), 'image/png', RED)
  })
})

async function iccChunk(profile: Buffer): Promise<Buffer> {
  const { deflateSync } = await import('node:zlib')
  return Buffer.concat([Buffer.from('p3\0\0', 'latin1'), deflateSync(profile)])
}
