/** Content types that an original may have; of GIF and other animations the first frame is the photo. */
export const ORIGINAL_CONTENT_TYPES = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/avif',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/tiff',
] as const

export type OriginalContentType = (typeof ORIGINAL_CONTENT_TYPES)[number]

/** Width and height in pixels. */
export interface PixelSize {
  width: number
  height: number
}

/**
 * All renditions of a photo: each size in each format, from the smallest size to the largest. A line added here adds one, without a
 * change to any workflow (docs/adr/0013); a re-encode makes it for photos that exist (docs/adr/0031).
 */
const VARIANTS = {
  /** A variant fits into its box: aspect kept, never enlarged. */
  sizes: {
    thumb_200: { box: { width: 200, height: 200 }, isOfEveryPhoto: true },
    thumb_400: { box: { width: 400, height: 400 }, isOfEveryPhoto: false },
    medium_800: { box: { width: 800, height: 800 }, isOfEveryPhoto: true },
    large_2048: { box: { width: 2048, height: 2048 }, isOfEveryPhoto: false },
  },
  /** Encoder settings by measurement (`npm run bench -- images`, docs/media.md). */
  formats: {
    jpeg: {
      contentType: 'image/jpeg',
      hasAlpha: false,
      isDeferred: false,
      encoder: { quality: 80, progressive: true },
    },
    webp: {
      contentType: 'image/webp',
      hasAlpha: true,
      isDeferred: false,
      encoder: { quality: 80, effort: 2 },
    },
    avif: {
      contentType: 'image/avif',
      hasAlpha: true,
      isDeferred: true,
      encoder: { quality: 62, effort: 0, chromaSubsampling: '4:2:0' },
      encoderOf: { thumb_200: { effort: 2 } },
    },
  },
} as const satisfies { sizes: Record<string, SizeSpec>; formats: Record<string, FormatSpec> }

interface SizeSpec {
  box: PixelSize
  /** Any other is stored only if it shows more or fewer pixels than the sizes that are stored already. */
  isOfEveryPhoto: boolean
}

type EncoderSettings = Readonly<Record<string, number | boolean | string>>

/** How sharp writes a format, which it knows by the same name; without alpha, transparency is laid on white. */
interface FormatSpec {
  contentType: `image/${string}`
  hasAlpha: boolean
  /** Made after the others, by a step that gives way to uploads. */
  isDeferred: boolean
  encoder: EncoderSettings
  /** What differs at a size. */
  encoderOf?: Readonly<Record<string, EncoderSettings>>
}

export type VariantName = keyof typeof VARIANTS.sizes
export type VariantFormat = keyof typeof VARIANTS.formats

export interface VariantSpec {
  variant: VariantName
  format: VariantFormat
  /** The variant fits into this box. */
  box: PixelSize
  encoder: EncoderSettings
}

export const VARIANT_FORMATS: Readonly<Record<VariantFormat, FormatSpec>> = VARIANTS.formats
export const VARIANT_NAMES = Object.keys(VARIANTS.sizes) as VariantName[]
const SIZES: Readonly<Record<VariantName, SizeSpec>> = VARIANTS.sizes

/** Every size in every format, sizes first; {@link variantSpecsOf} leaves out those that a small photo does not have. */
export const VARIANT_SPECS: readonly VariantSpec[] = VARIANT_NAMES.flatMap((variant) =>
  (Object.keys(VARIANTS.formats) as VariantFormat[]).map((format) => variantSpec(variant, format)),
)

/** The spec of one variant in one format. */
export function variantSpec(variant: VariantName, format: VariantFormat): VariantSpec {
  const { encoder, encoderOf } = VARIANT_FORMATS[format]
  return { variant, format, box: SIZES[variant].box, encoder: { ...encoder, ...encoderOf?.[variant] } }
}

/** The settings of a variant in one line, which is stored with it: a variant with another line is to be made again. */
export function recipeOf({ box, encoder }: Pick<VariantSpec, 'box' | 'encoder'>): string {
  const settings = Object.entries(encoder).map(([name, value]) => `${name}=${value}`)
  return [`${box.width}x${box.height}`, ...settings].join(',')
}

/**
 * The variants that a photo of this size has: the thumbnail and the medium size always, even if they are equal, and of the
 * other sizes those with pixels of their own. A photo of 1000 × 750 has a `large_2048` of 1000 × 750, one of 800 × 600 has
 * none.
 *
 * @throws RangeError if a side is not a positive finite number
 */
export function variantSpecsOf({ width, height }: PixelSize): VariantSpec[] {
  const shownBy = (variant: VariantName) => {
    const fit = fitWithin(width, height, SIZES[variant].box)
    return `${fit.width}x${fit.height}`
  }
  const stored = VARIANT_NAMES.filter((variant) => SIZES[variant].isOfEveryPhoto)
  for (const variant of VARIANT_NAMES)
    if (!stored.some((other) => shownBy(other) === shownBy(variant))) stored.push(variant)
  return VARIANT_SPECS.filter(({ variant }) => stored.includes(variant))
}

/**
 * The name under which a copy of the original without metadata is stored, for those who may download it. It has the original's
 * own size and, where that can be stripped, its format; it is made only while the owner allows downloads.
 */
export const DOWNLOAD = 'download'

/** The types of such copies. */
export const DOWNLOAD_CONTENT_TYPES = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  heic: 'image/heic',
} as const

export type DownloadFormat = keyof typeof DOWNLOAD_CONTENT_TYPES

/** As {@link recipeOf}: changed together with what is stripped, so that a re-encode makes copies again. */
const DOWNLOAD_RECIPE = 'stripped=1'

/** The name of the variant that moves: all frames of an animated GIF, WebP or PNG, as one animated WebP. */
export const ANIMATION = 'animation'

/** Like a medium, with settings that keep a second of animation below a second of processor time. */
export const ANIMATION_SPEC = {
  format: 'webp',
  contentType: 'image/webp',
  box: VARIANTS.sizes.medium_800.box,
  encoder: { quality: 75, effort: 2 },
} as const

/** Of all frames on their canvas: some 50 of 1920 × 1080, which take 5 to 15 s of a processor. */
export const MAX_ANIMATION_PIXELS = 100_000_000
export const MAX_ANIMATION_FRAMES = 2_000

/** Whether originals of this type may move. */
export const mayMove = (contentType: string): boolean =>
  ['image/gif', 'image/webp', 'image/png'].includes(contentType)

/** How many frames the animation of an original has that is kept as a variant; 0 if none is, or it is too dear. */
export function animationFrames({ width, height }: PixelSize, frames: number): number {
  const isKept =
    frames > 1 && frames <= MAX_ANIMATION_FRAMES && frames * width * height <= MAX_ANIMATION_PIXELS
  return isKept ? frames : 0
}

/** What is known of a photo when its renditions are made. */
export interface RenderedPhoto extends PixelSize {
  allowDownload: boolean
  /** 0 of a still picture, and of an animation that is not kept; null until it is looked for, in photos of before it was kept. */
  animationFrames: number | null
}

/** Something that a photo should have stored beside its original. */
export interface Rendition {
  variant: string
  /** Of a copy of the original it is known only once it is made. */
  format: string
  recipe: string
  /** Made after the others, by a step that gives way to uploads. */
  isDeferred: boolean
  /** Of those that are scaled and encoded. */
  spec?: VariantSpec
}

/** Everything that a photo should have stored beside its original. @throws RangeError as {@link variantSpecsOf} */
export function renditionsOf(photo: RenderedPhoto): Rendition[] {
  const renditions: Rendition[] = variantSpecsOf(photo).map((spec) => ({
    variant: spec.variant,
    format: spec.format,
    recipe: recipeOf(spec),
    isDeferred: VARIANT_FORMATS[spec.format].isDeferred,
    spec,
  }))
  if (photo.animationFrames) {
    const { format, box, encoder } = ANIMATION_SPEC
    renditions.push({ variant: ANIMATION, format, recipe: recipeOf({ box, encoder }), isDeferred: true })
  }
  if (photo.allowDownload)
    renditions.push({ variant: DOWNLOAD, format: 'any', recipe: DOWNLOAD_RECIPE, isDeferred: true })
  return renditions
}

/** Which of the stored variants is this rendition, if one is. */
export function storedAs<Stored extends { variant: string; format: string }>(
  rendition: Rendition,
  stored: readonly Stored[],
): Stored | undefined {
  const { variant, format, spec } = rendition
  return stored.find((each) => each.variant === variant && (!spec || each.format === format))
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
