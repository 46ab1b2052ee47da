/** Content types that an original may have; of GIF and other animations the first frame is the photo. */
export const ORIGINAL_CONTENT_TYPES = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/avif',
  'image/gif',
] as const

export type OriginalContentType = (typeof ORIGINAL_CONTENT_TYPES)[number]

/** Width and height in pixels. */
export interface PixelSize {
  width: number
  height: number
}

/**
 * All renditions of a photo: each size in each format. A line added here adds one, without a change
 * to any workflow (docs/adr/0013).
 */
const VARIANTS = {
  /** A variant fits into its box: aspect kept, never enlarged. */
  sizes: {
    thumb_200: { width: 200, height: 200 },
    medium_800: { width: 800, height: 800 },
  },
  /**
   * Encoder settings by measurement (`npm run bench -- images`, docs/benchmarks.md). JPEG: progressive costs 5 ms more than
   * baseline at 800 px and saves 6 % of the bytes; all of mozjpeg would save 15 % and cost 65 ms more. WebP: effort 2 takes
   * half the time of the default 4 for 2 % more bytes.
   */
  formats: {
    jpeg: { contentType: 'image/jpeg', hasAlpha: false, encoder: { quality: 80, progressive: true } },
    webp: { contentType: 'image/webp', hasAlpha: true, encoder: { quality: 80, effort: 2 } },
  },
} as const satisfies { sizes: Record<string, PixelSize>; formats: Record<string, FormatSpec> }

/** How sharp writes a format, which it knows by the same name; without alpha, transparency is laid on white. */
interface FormatSpec {
  contentType: `image/${string}`
  hasAlpha: boolean
  encoder: Readonly<Record<string, number | boolean>>
}

export type VariantName = keyof typeof VARIANTS.sizes
export type VariantFormat = keyof typeof VARIANTS.formats

export interface VariantSpec {
  variant: VariantName
  format: VariantFormat
  /** The variant fits into this box. */
  box: PixelSize
}

export const VARIANT_SIZES: Readonly<Record<VariantName, PixelSize>> = VARIANTS.sizes
export const VARIANT_FORMATS: Readonly<Record<VariantFormat, FormatSpec>> = VARIANTS.formats
export const VARIANT_NAMES = Object.keys(VARIANTS.sizes) as VariantName[]

/** Every size in every format, sizes first. */
export const VARIANT_SPECS: readonly VariantSpec[] = VARIANT_NAMES.flatMap((variant) =>
  (Object.keys(VARIANTS.formats) as VariantFormat[]).map((format) => variantSpec(variant, format)),
)

/** The spec of one variant in one format. */
export function variantSpec(variant: VariantName, format: VariantFormat): VariantSpec {
  return { variant, format, box: VARIANTS.sizes[variant] }
}

/**
 * The size of an image of `width` × `height` pixels scaled down into `box`: aspect kept to the nearest pixel,
 * never enlarged, never less than 1 × 1 (a 1 × 20000 image becomes 1 × 800, not 0 × 800).
 *
 * @throws RangeError if a size is not a positive finite number
 */
export function fitWithin(width: number, height: number, box: PixelSize): PixelSize {
  for (const length of [width, height, box.width, box.height]) {
    if (!(Number.isFinite(length) && length > 0)) throw new RangeError(`Not a length in pixels: ${length}`)
  }
  const scale = Math.min(1, box.width / width, box.height / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
