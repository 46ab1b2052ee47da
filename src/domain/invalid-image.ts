/**
 * Why an upload cannot be published as a photo; also `photo.failure.code` of the API (which adds `policy`).
 *
 * - `not_an_image`: the bytes are not an image, or the image is too damaged to be decoded
 * - `type_mismatch`: an image, but not of the declared content type, or of a type that is not accepted
 * - `truncated`: the file ends before the image is complete
 * - `too_many_pixels`: the header announces more pixels than allowed (found before anything is decoded)
 * - `too_complex`: decoding takes more memory or time than allowed
 * - `trailer_too_large`: more bytes follow the end of the image than gain maps, second pictures and motion videos need
 * - `size_mismatch`: not as many bytes as declared, or more than allowed
 * - `checksum_mismatch`: the SHA-256 differs from the declared one
 */
export const INVALID_IMAGE_CODES = [
  'not_an_image',
  'type_mismatch',
  'truncated',
  'too_many_pixels',
  'too_complex',
  'trailer_too_large',
  'size_mismatch',
  'checksum_mismatch',
] as const

export type InvalidImageCode = (typeof INVALID_IMAGE_CODES)[number]

/** Permanent: the same bytes will never become valid. `detail` is English for developers and holds no content. */
export class InvalidImageError extends Error {
  override readonly name = 'InvalidImageError'
  readonly code: InvalidImageCode
  readonly detail: string

  constructor(code: InvalidImageCode, detail: string, options: { cause?: unknown } = {}) {
    super(`${code}: ${detail}`, options)
    this.code = code
    this.detail = detail
  }
}
