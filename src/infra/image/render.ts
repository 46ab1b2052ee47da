import { readFile } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import {
  fitWithin,
  ORIGINAL_CONTENT_TYPES,
  VARIANT_FORMATS,
  VARIANT_SPECS,
  variantSpecsOf,
} from '../../domain/variants.ts'
import type { PixelSize, VariantFormat, VariantName, VariantSpec } from '../../domain/variants.ts'
import { detectContentType } from './format.ts'
import { openOriginal, toPixels, type Original, type Pixels } from './original.ts'
import { isOutOfMemory } from './out-of-memory.ts'
import { assertPixels } from './pixel-limit.ts'
import { sharp } from './sharp.ts'

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

/**
 * Renders a photo's variants with one decode of the original: upright, sRGB, without any metadata, never enlarged. The
 * largest size is made from the original, each other from the next larger one (an eighth of the cost of a second decode).
 *
 * @param input path of an original that was inspected, or its bytes
 * @returns one result per spec, in their order. Encoding and handing over fail one by one.
 * @throws InvalidImageError if the original cannot be decoded, or the error of reading it: then no variant can be made
 */
export async function renderVariants(
  input: string | Buffer,
  options: RenderOptions = {},
): Promise<VariantResult[]> {
  const original = await openInput(input, options.maxPixels ?? defaultMaxPixels)
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

/** How pixels are written in a format. */
export function encode(pixels: Pixels, format: VariantFormat, encoder: VariantSpec['encoder']): Sharp {
  const image = VARIANT_FORMATS[format].hasAlpha
    ? openPixels(pixels)
    : openPixels(pixels).flatten({ background: '#ffffff' })
  return image.toFormat(format, encoder)
}

/** Opens what was accepted as an original, or a variant. @throws InvalidImageError for other bytes and too many pixels */
export async function openInput(input: string | Buffer, maxPixels: number): Promise<Original> {
  const bytes = typeof input === 'string' ? await readFile(input) : input
  const detected = await detectContentType(bytes)
  const contentType = ORIGINAL_CONTENT_TYPES.find((type) => type === detected)
  if (!contentType) throw new InvalidImageError('not_an_image', 'The bytes are of no accepted type.')
  const original = await openOriginal(bytes, contentType, maxPixels)
  assertPixels(original, maxPixels)
  return original
}

/** Exactly to this size. */
export function scaleDown(pixels: Pixels, { width, height }: PixelSize): Promise<Pixels> {
  return toPixels(openPixels(pixels).resize({ width, height, fit: 'fill' }))
}

/** Pixels as sharp takes them. */
export function openPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } })
}
