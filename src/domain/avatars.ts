import { VARIANT_FORMATS, variantSpec, type VariantFormat, type VariantSpec } from './variants.ts'

/** From the smallest to the largest; the number is the side of the square, which is never enlarged. */
export const AVATAR_SIZES = { square_128: 128, square_256: 256, square_512: 512 } as const

export type AvatarSize = keyof typeof AVATAR_SIZES
export const AVATAR_SIZE_NAMES = Object.keys(AVATAR_SIZES) as AvatarSize[]

/** What `avatarUrl` names. */
export const SHOWN_AVATAR: AvatarSize = 'square_256'

/** A square of an avatar in one format; the encoders are those of thumbnails. */
export interface AvatarSpec {
  size: AvatarSize
  side: number
  format: VariantFormat
  encoder: VariantSpec['encoder']
}

/** All that is stored of an avatar. */
export const AVATAR_SPECS: readonly AvatarSpec[] = AVATAR_SIZE_NAMES.flatMap((size) =>
  (Object.keys(VARIANT_FORMATS) as VariantFormat[]).map((format) => ({
    size,
    side: AVATAR_SIZES[size],
    format,
    encoder: variantSpec('thumb_200', format).encoder,
  })),
)

/** Of the file that is uploaded: ample for a picture of which 512 × 512 pixels are shown. */
export const MAX_AVATAR_BYTES = 10 * 1024 * 1024
/** Of the picture that is uploaded, whatever photos may have: decoding one costs a photo's share of a worker. */
export const MAX_AVATAR_PIXELS = 25_000_000
/** That an account may have begun and not finished: several devices, and one that gave up. */
export const MAX_PENDING_AVATARS = 3

/** `retired`: no longer shown, and not yet proven to be gone from every store. */
export const AVATAR_STATUSES = ['awaiting_upload', 'processing', 'ready', 'failed', 'retired'] as const
export type AvatarStatus = (typeof AVATAR_STATUSES)[number]
