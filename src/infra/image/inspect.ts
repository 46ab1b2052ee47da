import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { fitWithin, ORIGINAL_CONTENT_TYPES } from '../../domain/variants.ts'
import type { OriginalContentType } from '../../domain/variants.ts'
import { findTruncation } from './completeness.ts'
import { contentTypeOf, detectContentType } from './format.ts'
import { isOutOfMemory } from './out-of-memory.ts'
import { readTakenWith } from './read-taken-with.ts'
import { openForeign, sharp } from './sharp.ts'
import type { TakenWith } from './taken-with.ts'
import { messageOf } from '../../observability/error-text.ts'

export interface InspectOptions {
  declaredContentType: string
  maxBytes: number
  /** Width × height; of an animation, of its canvas. */
  maxPixels: number
  /** What the client announced; checked if given. */
  expectedBytes?: number
  /** Hex; checked if given. */
  expectedSha256?: string
}

export interface InspectedOriginal extends TakenWith {
  contentType: OriginalContentType
  bytes: number
  /** Pixels, after orientation. */
  width: number
  height: number
  /** EXIF orientation 1–8; 1 if absent. */
  orientation: number
  /** Hex. */
  sha256: string
  /** Base64; see https://evanw.github.io/thumbhash */
  thumbhash: string
}

/** thumbhash takes at most 100 × 100. */
const placeholderBox = { width: 100, height: 100 }

/**
 * Decides whether an uploaded file is a photo, and reads its properties. The header is judged before a pixel
 * is decoded, and pixels are decoded once: at the scale of the placeholder, which for JPEG and WebP is several times
 * cheaper than in full. What such a decode cannot see (a cut tail) is found in the file's structure.
 *
 * The file is held in memory, so `maxBytes` bounds that as well.
 *
 * @param source path of a file, or its bytes
 * @throws InvalidImageError for bytes that will never become valid; any other error (I/O, timeout) is worth a retry
 */
export async function inspectOriginal(
  source: string | Buffer,
  options: InspectOptions,
): Promise<InspectedOriginal> {
  const bytes = await readBounded(source, options)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (options.expectedSha256 && sha256 !== options.expectedSha256.toLowerCase()) {
    throw new InvalidImageError('checksum_mismatch', 'The SHA-256 of the bytes is not the declared one.')
  }
  const contentType = await acceptType(bytes, options.declaredContentType)
  const truncation = findTruncation(contentType, bytes)
  const metadata = await readHeader(bytes, contentType, truncation)
  const { width, height } = metadata.autoOrient
  if (width * height > options.maxPixels) {
    throw new InvalidImageError(
      'too_many_pixels',
      `${width} × ${height} pixels are more than the ${options.maxPixels} allowed.`,
    )
  }
  if (truncation) throw truncated(truncation)
  const thumbhash = await decodePlaceholder(bytes, width, height, options.maxPixels)
  return {
    contentType,
    bytes: bytes.length,
    width,
    height,
    orientation: metadata.orientation ?? 1,
    sha256,
    thumbhash,
    ...readTakenWith(metadata),
  }
}

async function readBounded(source: string | Buffer, options: InspectOptions): Promise<Buffer> {
  const size = typeof source === 'string' ? (await stat(source)).size : source.length
  if (options.expectedBytes !== undefined && size !== options.expectedBytes) {
    throw new InvalidImageError(
      'size_mismatch',
      `${size} bytes arrived, ${options.expectedBytes} were declared.`,
    )
  }
  if (size > options.maxBytes) {
    throw new InvalidImageError(
      'size_mismatch',
      `${size} bytes are more than the ${options.maxBytes} allowed.`,
    )
  }
  return typeof source === 'string' ? readFile(source) : source
}

async function acceptType(bytes: Buffer, declared: string): Promise<OriginalContentType> {
  const detected = await detectContentType(bytes)
  const accepted = ORIGINAL_CONTENT_TYPES.find((type) => type === detected)
  if (accepted && accepted === declared) return accepted
  if (detected?.startsWith('image/')) {
    throw new InvalidImageError('type_mismatch', `The bytes are ${detected}, not ${declared} as declared.`)
  }
  throw new InvalidImageError(
    'not_an_image',
    `The bytes are ${detected ?? 'of no known type'}, not an image.`,
  )
}

/** The header alone: no pixel is decoded, so no limit is needed yet. */
async function readHeader(
  bytes: Buffer,
  contentType: OriginalContentType,
  truncation: string | undefined,
): Promise<Metadata> {
  const metadata = await sharp(bytes, { pages: 1, failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      if (truncation) throw truncated(truncation)
      throw new InvalidImageError('not_an_image', 'The image header is damaged.', { cause })
    })
  if (contentTypeOf(metadata) !== contentType) {
    throw new InvalidImageError('not_an_image', `The contents are not what ${contentType} may hold.`)
  }
  return metadata
}

async function decodePlaceholder(
  bytes: Buffer,
  width: number,
  height: number,
  maxPixels: number,
): Promise<string> {
  const size = fitWithin(width, height, placeholderBox)
  const decode = (failOn: 'warning' | 'error') =>
    openForeign(bytes, { maxPixels, failOn })
      .resize({ ...size, fit: 'fill' })
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer()
  const rgba = await decode('warning')
    .catch((error: unknown) => {
      if (losesPixels(error)) throw error
      return decode('error')
    })
    .catch((error: unknown) => {
      throw asInvalidImage(error)
    })
  return Buffer.from(rgbaToThumbHash(size.width, size.height, rgba)).toString('base64')
}

/**
 * Among libjpeg's warnings, those after which part of the picture is made up. The rest (stray bytes before a marker, odd
 * profiles) come from real cameras and editors, and every browser shows such files.
 */
function losesPixels(error: unknown): boolean {
  return /Corrupt JPEG data(?!: \d+ extraneous bytes)|premature end/i.test(messageOf(error))
}

function asInvalidImage(error: unknown): unknown {
  const message = messageOf(error)
  if (isOutOfMemory(error) || /timeout/i.test(message)) return error
  if (/premature end|unexpected end|not enough|too short|truncated/i.test(message))
    return truncated('pixels are missing', error)
  return new InvalidImageError('not_an_image', 'The pixels cannot be decoded.', { cause: error })
}

function truncated(what: string, cause?: unknown): InvalidImageError {
  return new InvalidImageError('truncated', `The file ends too early: ${what}.`, { cause })
}
