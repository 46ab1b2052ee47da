import type { Metadata, Sharp } from 'sharp'
import { fitWithin, VARIANT_BOXES, VARIANT_SPECS } from '../../domain/variants.ts'
import type { PixelSize, VariantFormat, VariantName, VariantSpec } from '../../domain/variants.ts'
import { openForeign, sharp } from './sharp.ts'

export interface RenderedVariant {
  variant: VariantName
  format: VariantFormat
  ok: true
  data: Buffer
  width: number
  height: number
  bytes: number
}

interface FailedVariant {
  variant: VariantName
  format: VariantFormat
  ok: false
  error: unknown
}

export type VariantResult = RenderedVariant | FailedVariant

export interface RenderOptions {
  /** Which variants; all of them by default. */
  specs?: readonly VariantSpec[]
  /**
   * Receives each variant as soon as it is encoded, others perhaps still under way. If it rejects (say, the bytes could not
   * be stored), that variant counts as failed, and only that one.
   */
  onVariant?: (rendered: RenderedVariant) => unknown
  /** Width × height; the original was inspected against the same limit. */
  maxPixels?: number
}

const defaultMaxPixels = 50_000_000

/**
 * Encoder settings by measurement (`npm run bench -- images`, docs/benchmarks.md). JPEG: progressive costs 5 ms more than
 * baseline at 800 px and saves 6 % of the bytes; all of mozjpeg would save 15 % and cost 65 ms more. WebP: effort 2 takes
 * half the time of the default 4 for 2 % more bytes.
 */
const jpegOptions = { quality: 80, progressive: true }
const webpOptions = { quality: 80, effort: 2 }

/** Upright 8-bit sRGB pixels without metadata. */
interface Pixels {
  data: Buffer
  width: number
  height: number
  channels: 1 | 2 | 3 | 4
}

/**
 * Renders a photo's variants with one decode of the original: upright, sRGB, without any metadata, never enlarged. The
 * medium size is made from the original, the thumbnail from the medium size (an eighth of the cost of a second decode).
 * JPEG lays transparency on white; WebP keeps it.
 *
 * @param input path of an original that was inspected, or its bytes
 * @returns one result per spec, in their order. Encoding and handing over fail one by one.
 * @throws when the original cannot be read or decoded at all, as then no variant can be made
 */
export async function renderVariants(
  input: string | Buffer,
  options: RenderOptions = {},
): Promise<VariantResult[]> {
  const specs = options.specs ?? VARIANT_SPECS
  const original = await decodeMedium(input, options.maxPixels ?? defaultMaxPixels)
  const sizes = new Map<VariantName, Promise<Pixels>>()
  const pixelsOf = (spec: VariantSpec): Promise<Pixels> => {
    const pixels =
      sizes.get(spec.variant) ??
      scaleDown(original.medium, fitWithin(original.width, original.height, spec.box))
    sizes.set(spec.variant, pixels)
    return pixels
  }
  return Promise.all(specs.map((spec) => renderOne(spec, pixelsOf(spec), options.onVariant)))
}

async function renderOne(
  { variant, format }: VariantSpec,
  pixels: Promise<Pixels>,
  onVariant: RenderOptions['onVariant'],
): Promise<VariantResult> {
  try {
    const { data, info } = await encode(await pixels, format).toBuffer({ resolveWithObject: true })
    const rendered = {
      variant,
      format,
      ok: true,
      data,
      width: info.width,
      height: info.height,
      bytes: data.length,
    } as const
    await onVariant?.(rendered)
    return rendered
  } catch (error) {
    return { variant, format, ok: false, error }
  }
}

function encode(pixels: Pixels, format: VariantFormat): Sharp {
  switch (format) {
    case 'jpeg':
      return open(pixels).flatten({ background: '#ffffff' }).jpeg(jpegOptions)
    case 'webp':
      return open(pixels).webp(webpOptions)
  }
}

async function decodeMedium(
  input: string | Buffer,
  maxPixels: number,
): Promise<{ width: number; height: number; medium: Pixels }> {
  const metadata = await openForeign(input, { maxPixels }).metadata()
  const { width, height } = metadata.autoOrient
  const size = fitWithin(width, height, VARIANT_BOXES.medium_800)
  const upright = openForeign(input, { maxPixels }).resize({ ...size, fit: 'fill' })
  return { width, height, medium: await toPixels(inSrgb(upright, metadata)) }
}

/**
 * sharp converts embedded profiles to sRGB, but those of 16-bit images to Display P3, which without its profile looks
 * pale (seen with 0.35.5: pure red became 234, 51, 34). Naming the output profile mends that; it is not attached.
 */
function inSrgb(pipeline: Sharp, { depth, hasProfile }: Metadata): Sharp {
  const srgb = pipeline.toColourspace('srgb')
  return depth === 'ushort' && hasProfile ? srgb.withIccProfile('srgb', { attach: false }) : srgb
}

async function scaleDown(pixels: Pixels, { width, height }: PixelSize): Promise<Pixels> {
  if (width === pixels.width && height === pixels.height) return pixels
  return toPixels(open(pixels).resize({ width, height, fit: 'fill' }))
}

async function toPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

function open({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } })
}
