import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { VARIANT_SPECS, variantSpec, type VariantSpec } from '../../domain/variants.ts'
import { renderVariants } from './render.ts'
import type { RenderedVariant } from './render.ts'
import {
  animatedGif,
  bombPng,
  CORNERS,
  flatImage,
  noisyImage,
  orientedImage,
  photoWithMetadata,
  pixelAt,
  SECRET,
} from '../../../test/support/factories/images.ts'

/** All variants, by `thumb_200.jpeg` and so on; fails if one failed. */
async function render(input: Buffer | string): Promise<Record<string, RenderedVariant>> {
  const results = await renderVariants(input, { specs })
  return Object.fromEntries(
    results.map((result) => {
      if (!result.ok) throw result.error
      return [`${result.variant}.${result.format}`, result]
    }),
  )
}

/** libvips calls the container by its name. */
const storedAs = (format: string): string => (format === 'avif' ? 'heif' : format)

function expectNear(actual: number[], expected: readonly number[], tolerance = 12): void {
  const distance = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)))
  expect(distance, `${actual.join()} should be ${expected.join()}`).toBeLessThanOrEqual(tolerance)
}

/** Those that every photo has; tests of these hold when the table grows. */
const specs = (['thumb_200', 'medium_800'] as const).flatMap((variant) =>
  (['jpeg', 'webp', 'avif'] as const).map((format) => variantSpec(variant, format)),
)
const names = specs.map(({ variant, format }) => `${variant}.${format}`)

describe('renderVariants', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)(
    'renders %s into all variants, in order',
    async (format) => {
      const original = noisyImage(1000, 500)
      const quickly = format === 'avif' ? { effort: 0 } : format === 'gif' ? { effort: 1 } : {}
      const bytes = await original.toFormat(format, quickly).toBuffer()
      const results = await renderVariants(bytes, { specs })
      expect(results.map(({ variant, format }) => `${variant}.${format}`)).toEqual(names)
      for (const result of results) {
        if (!result.ok) throw result.error
        const metadata = await sharp(result.data).metadata()
        const size =
          result.variant === 'thumb_200' ? { width: 200, height: 100 } : { width: 800, height: 400 }
        expect(metadata).toMatchObject({
          format: storedAs(result.format),
          space: 'srgb',
          depth: 'uchar',
          ...size,
        })
        expect(result).toMatchObject({ ...size, bytes: result.data.length })
      }
    },
  )

  it.each(['jpeg', 'png', 'webp'] as const)('turns %s upright from every orientation', async (format) => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const bytes = await orientedImage(600, 300, orientation).toFormat(format, { quality: 100 }).toBuffer()
      for (const { data, width, height, variant } of Object.values(await render(bytes))) {
        expect([width, height], `${variant} of ${orientation}`).toEqual(
          variant === 'thumb_200' ? [200, 100] : [600, 300],
        )
        const [right, bottom] = [width - 10, height - 10]
        expectNear(await pixelAt(data, 10, 10), CORNERS.topLeft)
        expectNear(await pixelAt(data, right, 10), CORNERS.topRight)
        expectNear(await pixelAt(data, 10, bottom), CORNERS.bottomLeft)
        expectNear(await pixelAt(data, right, bottom), CORNERS.bottomRight)
        expect((await sharp(data).metadata()).orientation).toBeUndefined()
      }
    }
  })

  it.each([
    [1, 1, [1, 1], [1, 1]],
    [199, 150, [199, 150], [199, 150]],
    [500, 20, [200, 8], [500, 20]],
    [1, 20_000, [1, 200], [1, 800]],
    [20_000, 1, [200, 1], [800, 1]],
    [801, 801, [200, 200], [800, 800]],
  ])('never enlarges %i × %i or shrinks it to nothing', async (width, height, thumb, medium) => {
    const variants = await render(await flatImage(width, height, { r: 9, g: 99, b: 199 }).png().toBuffer())
    for (const variant of Object.values(variants)) {
      const size = variant.variant === 'thumb_200' ? thumb : medium
      expect([variant.width, variant.height]).toEqual(size)
    }
    expectNear(await pixelAt(variants['thumb_200.webp']!.data, 0, 0), [9, 99, 199])
  })

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)('keeps no metadata of %s', async (format) => {
    const original = await photoWithMetadata(format, 900, 700)
    const { exif, icc, xmp } = await sharp(original).metadata()
    expect([exif, icc, xmp].every(Boolean), 'the original has it').toBe(true)
    expect(original.includes(SECRET)).toBe(true)
    for (const { data } of Object.values(await render(original))) {
      const metadata = await sharp(data).metadata()
      for (const key of ['exif', 'icc', 'xmp', 'iptc', 'comments', 'tifftagPhotoshop'] as const) {
        expect(metadata[key], key).toBeUndefined()
      }
      for (const trace of [
        SECRET,
        'Exif',
        'Canon',
        'ICC_PROFILE',
        'ICCP',
        'EXIF',
        'XMP',
        'http://ns.adobe.com',
        'GPS',
      ]) {
        expect(data.includes(trace), trace).toBe(false)
      }
    }
  })

  it('keeps no bytes appended to the original', async () => {
    const polyglot = Buffer.concat([
      await noisyImage(300, 200).jpeg().toBuffer(),
      Buffer.from(`PK\x03\x04${SECRET}`),
    ])
    for (const { data } of Object.values(await render(polyglot))) expect(data.includes(SECRET)).toBe(false)
  })

  it('converts wide gamut, 16 bit and CMYK to sRGB', async () => {
    const red = { r: 255, g: 0, b: 0 }
    // In P3 the red of sRGB is 234, 51, 35; sharp writes it so when it attaches the profile.
    const p3 = await flatImage(300, 200, red).withIccProfile('p3').png().toBuffer()
    expectNear(await rawPixel(p3), [234, 51, 35])
    const deepPixels = new Uint16Array(300 * 200 * 3).map((_, i) => (i % 3 === 0 ? 65_535 : 0))
    const deepRed = () =>
      sharp(deepPixels, { raw: { width: 300, height: 200, channels: 3 } }).toColourspace('rgb16')
    const deep = await deepRed().png().toBuffer()
    const deepTagged = await deepRed().withIccProfile('srgb').png().toBuffer()
    expect(await sharp(deepTagged).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true })
    for (const original of [p3, deep, deepTagged]) {
      for (const { data } of Object.values(await render(original)))
        expectNear(await pixelAt(data, 5, 5), [255, 0, 0])
    }
    const cmyk = await flatImage(300, 200, red).toColourspace('cmyk').jpeg().toBuffer()
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    for (const { data } of Object.values(await render(cmyk))) {
      expect((await sharp(data).metadata()).space).toBe('srgb')
      expectNear(await pixelAt(data, 5, 5), [235, 10, 10], 30)
    }
  })

  it('renders greyscale with and without alpha', async () => {
    const grey = noisyImage(300, 200).toColourspace('b-w')
    const plain = await grey.clone().png().toBuffer()
    const alpha = await grey.clone().ensureAlpha(0.5).png().toBuffer()
    for (const original of [plain, alpha])
      expect(Object.keys(await render(original)).sort()).toEqual([...names].sort())
  })

  it('flattens transparency onto white in JPEG and keeps it in WebP and AVIF', async () => {
    const original = await flatImage(300, 200, { r: 255, g: 0, b: 0, alpha: 0.5 }).png().toBuffer()
    const variants = await render(original)
    for (const size of ['thumb_200', 'medium_800']) {
      expectNear(await pixelAt(variants[`${size}.jpeg`]!.data, 5, 5), [255, 127, 127])
      for (const format of ['webp', 'avif'])
        expectNear(await pixelAt(variants[`${size}.${format}`]!.data, 5, 5), [255, 0, 0, 128])
    }
  })

  it('renders only the first frame of an animation', async () => {
    for (const { data, format } of Object.values(await render(await animatedGif(150, 100)))) {
      expect(await sharp(data).metadata()).toMatchObject({
        format: storedAs(format),
        width: 150,
        height: 100,
      })
      expect((await sharp(data, { pages: -1 }).metadata()).pages ?? 1).toBe(1)
      expectNear(await pixelAt(data, 5, 5), [255, 0, 0])
    }
  })
})

describe('the sizes of a photo', () => {
  it.each([
    [2500, 50, ['200x4', '400x8', '800x16', '2048x41']],
    [900, 30, ['200x7', '400x13', '800x27', '900x30']],
    [300, 20, ['200x13', '300x20']],
  ])('of %i × %i are stored once each', async (width, height, sizes) => {
    const results = await renderVariants(await noisyImage(width, height).png().toBuffer())
    const rendered = results.map((result) => {
      if (!result.ok) throw result.error
      return `${result.format} ${result.width}x${result.height}`
    })
    const formats = ['jpeg', 'webp', 'avif']
    expect(rendered).toEqual(sizes.flatMap((size) => formats.map((format) => `${format} ${size}`)))
  })
})

describe('a size above those that there are', () => {
  const large = {
    variant: 'large_3000',
    format: 'webp',
    box: { width: 3000, height: 3000 },
    encoder: { quality: 80 },
  } as unknown as VariantSpec

  it('is decoded at its own size, not enlarged from a smaller one', async () => {
    const original = await stripes(3000, 400).png().toBuffer()
    const results = await renderVariants(original, { specs: [large, ...specs] })
    const sizes = results.map((result) => {
      if (!result.ok) throw result.error
      return [result.width, result.height]
    })
    expect(sizes).toEqual([
      [3000, 400],
      ...specs.map(({ variant }) => (variant === 'thumb_200' ? [200, 27] : [800, 107])),
    ])
    expect(await contrast((results[0] as RenderedVariant).data)).toBeGreaterThan(100)
  })

  it('is not enlarged beyond the original', async () => {
    const original = await noisyImage(900, 300).png().toBuffer()
    const [result] = await renderVariants(original, { specs: [large] })
    expect(result).toMatchObject({ width: 900, height: 300 })
  })
})

describe('failures', () => {
  it('of one variant leave the others intact', async () => {
    const original = await noisyImage(900, 700).jpeg().toBuffer()
    const handed: string[] = []
    const results = await renderVariants(original, {
      specs,
      onVariant: ({ variant, format }) => {
        if (variant === 'medium_800' && format === 'webp') return Promise.reject(new Error('storage is down'))
        handed.push(`${variant}.${format}`)
      },
    })
    const others = names.filter((name) => name !== 'medium_800.webp')
    expect(results.map((result) => result.ok)).toEqual(names.map((name) => others.includes(name)))
    expect(results[names.indexOf('medium_800.webp')]).toMatchObject({ error: { message: 'storage is down' } })
    expect(handed.sort()).toEqual(others.sort())
  })

  it('of the original fail every variant', async () => {
    const jpeg = await noisyImage(900, 700).jpeg().toBuffer()
    const code = (input: Buffer, maxPixels?: number) =>
      renderVariants(input, maxPixels === undefined ? {} : { maxPixels }).catch((error: unknown) => error)
    expect(await code(jpeg.subarray(0, 9000))).toMatchObject({ code: 'not_an_image' })
    await expect(renderVariants('/absent')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await code(bombPng(60_000, 60_000))).toMatchObject({ code: 'too_many_pixels' })
    expect(await code(jpeg, 629_999)).toMatchObject({ code: 'too_many_pixels' })
  })
})

describe('a single variant', () => {
  it('has the same bytes as in the group', async () => {
    const original = await photoWithMetadata('jpeg', 1300, 900)
    const group = await renderVariants(original)
    expect(group.map(({ ok }) => ok)).toEqual(VARIANT_SPECS.map(() => true))
    for (const [index, spec] of VARIANT_SPECS.entries()) {
      expect(await renderVariants(original, { specs: [spec] })).toEqual([group[index]])
    }
  })

  it('fails with the reason', async () => {
    const original = await noisyImage(30, 20).png().toBuffer()
    const onVariant = () => Promise.reject(new Error('storage is down'))
    const [failed] = await renderVariants(original, { specs: [variantSpec('thumb_200', 'jpeg')], onVariant })
    expect(failed).toMatchObject({ ok: false, error: { message: 'storage is down' } })
  })
})

/** Columns of black and white by turns, which any scaling blurs to grey. */
function stripes(width: number, height: number) {
  const data = Buffer.from(Array.from({ length: width * height }, (_, at) => (at % 2 === 0 ? 0 : 255)))
  return sharp(data, { raw: { width, height, channels: 1 } })
}

/** The standard deviation of the image's brightness: 127 for black and white by turns. */
async function contrast(image: Buffer): Promise<number> {
  return (await sharp(image).greyscale().stats()).channels[0]!.stdev
}

/** A pixel as stored, its profile ignored. */
async function rawPixel(image: Buffer): Promise<number[]> {
  return [...(await sharp(image, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3)]
}
