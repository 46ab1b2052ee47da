/** Content types that an original may have; of GIF and other animations the first frame is the photo. */
export const ORIGINAL_CONTENT_TYPES = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/avif',
  'image/gif',
] as const

export type OriginalContentType = (typeof ORIGINAL_CONTENT_TYPES)[number]

export type VariantName = 'thumb_200' | 'medium_800'
export type VariantFormat = 'jpeg' | 'webp'

/** Width and height in pixels. */
export interface PixelSize {
  width: number
  height: number
}

export interface VariantSpec {
  variant: VariantName
  format: VariantFormat
  /** The variant fits into this box, aspect kept, never enlarged. */
  box: PixelSize
}

export const VARIANT_BOXES: Readonly<Record<VariantName, PixelSize>> = {
  thumb_200: { width: 200, height: 200 },
  medium_800: { width: 800, height: 800 },
}

/** Everything a photo is rendered to. */
export const VARIANT_SPECS: readonly VariantSpec[] = (['thumb_200', 'medium_800'] as const).flatMap(
  (variant) =>
    (['jpeg', 'webp'] as const).map((format) => ({ variant, format, box: VARIANT_BOXES[variant] })),
)

export const VARIANT_CONTENT_TYPES: Readonly<Record<VariantFormat, string>> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
}

export const VARIANT_EXTENSIONS: Readonly<Record<VariantFormat, string>> = { jpeg: 'jpeg', webp: 'webp' }

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

/** The spec of one variant in one format. */
export function variantSpec(variant: VariantName, format: VariantFormat): VariantSpec {
  return { variant, format, box: VARIANT_BOXES[variant] }
}
