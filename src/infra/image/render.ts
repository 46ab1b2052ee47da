import type { Metadata, Sharp } from 'sharp'
import { fitWithin, VARIANT_FORMATS, VARIANT_SPECS, variantSpecsOf } from '../../domain/variants.ts'
import type { PixelSize, VariantFormat, VariantName, VariantSpec } from '../../domain/variants.ts'
import { isOutOfMemory } from './out-of-memory.ts'
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
  /** The variants to render; by default those that a photo of this size has. */
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

/** Upright 8-bit sRGB pixels without metadata. */
interface Pixels {
  data: Buffer
  width: number
  height: number
  channels: 1 | 2 | 3 | 4
}

/**
 * Renders a photo's variants with one decode of the original: upright, sRGB, without any metadata, never enlarged. The
 * largest size is made from the original, each other from the next larger one (an eighth of the cost of a second decode).
 *
 * @param input path of an original that was inspected, or its bytes
 * @returns one result per spec, in their order. Encoding and handing over fail one by one.
 * @throws when the original cannot be read or decoded at all, as then no variant can be made
 */
export async function renderVariants(
  input: string | Buffer,
  options: RenderOptions = {},
): Promise<VariantResult[]> {
  const original = await openOriginal(input, options.maxPixels ?? defaultMaxPixels)
  const specs = options.specs ?? variantSpecsOf(original)
  const fit = ({ box }: VariantSpec) => fitWithin(original.width, original.height, box)
  // Those that are not asked for as well, so that a variant has the same bytes whatever it is made beside.
  const [largest, ...smaller] = largestFirst([...VARIANT_SPECS, ...specs].map(fit))
  let next = Promise.resolve(await original.decode(largest!))
  const pixels = new Map([[nameOf(largest!), next]])
  for (const size of smaller) {
    next = next.then((larger) => scaleDown(larger, size))
    // Nobody may be waiting for it.
    next.catch(() => undefined)
    pixels.set(nameOf(size), next)
  }
  return Promise.all(specs.map((spec) => renderOne(spec, pixels.get(nameOf(fit(spec)))!, options.onVariant)))
}

/** Sizes of the same aspect, each once. */
function largestFirst(sizes: readonly PixelSize[]): PixelSize[] {
  const distinct = new Map(sizes.map((size) => [nameOf(size), size]))
  return [...distinct.values()].sort((a, b) => b.width * b.height - a.width * a.height)
}

const nameOf = ({ width, height }: PixelSize): string => `${width}x${height}`

async function renderOne(
  { variant, format, encoder }: VariantSpec,
  pixels: Promise<Pixels>,
  onVariant: RenderOptions['onVariant'],
): Promise<VariantResult> {
  try {
    const { data, info } = await encode(await pixels, format, encoder).toBuffer({ resolveWithObject: true })
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
    // Then others would fail as well, or fail others.
    if (isOutOfMemory(error)) throw error
    return { variant, format, ok: false, error }
  }
}

function encode(pixels: Pixels, format: VariantFormat, encoder: VariantSpec['encoder']): Sharp {
  const image = VARIANT_FORMATS[format].hasAlpha
    ? open(pixels)
    : open(pixels).flatten({ background: '#ffffff' })
  return image.toFormat(format, encoder)
}

/** The size of the upright original, and its decode at that size or smaller. */
async function openOriginal(
  input: string | Buffer,
  maxPixels: number,
): Promise<PixelSize & { decode(size: PixelSize): Promise<Pixels> }> {
  const metadata = await openForeign(input, { maxPixels }).metadata()
  const { width, height } = metadata.autoOrient
  return {
    width,
    height,
    decode(size) {
      const upright = openForeign(input, { maxPixels }).resize({ ...size, fit: 'fill' })
      return toPixels(inSrgb(upright, metadata))
    },
  }
}

/**
 * sharp converts embedded profiles to sRGB, but those of 16-bit images to Display P3, which without its profile looks
 * pale (seen with 0.35.5: pure red became 234, 51, 34). Naming the output profile fixes that; it is not attached.
 */
function inSrgb(pipeline: Sharp, { depth, hasProfile }: Metadata): Sharp {
  const srgb = pipeline.toColourspace('srgb')
  return depth === 'ushort' && hasProfile ? srgb.withIccProfile('srgb', { attach: false }) : srgb
}

function scaleDown(pixels: Pixels, { width, height }: PixelSize): Promise<Pixels> {
  return toPixels(open(pixels).resize({ width, height, fit: 'fill' }))
}

async function toPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels }
}

function open({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } })
}
