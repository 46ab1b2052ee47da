import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { rgbaToThumbHash } from 'thumbhash'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { fitWithin, ORIGINAL_CONTENT_TYPES } from '../../domain/variants.ts'
import type { OriginalContentType, PixelSize } from '../../domain/variants.ts'
import { framesOf } from './animation.ts'
import { findTruncation, MAX_TRAILER_BYTES, trailerBytes } from './completeness.ts'
import { detectContentType, mayDeclare } from './format.ts'
import { findShortfall } from './jpeg-data.ts'
import type { JpegShortfall } from './jpeg-scan.ts'
import { openOriginal, toRgba, type Original, type Pixels } from './original.ts'
import { perceptualHash } from './perceptual-hash.ts'
import { assertPixels } from './pixel-limit.ts'
import { readTakenWith } from './read-taken-with.ts'
import type { TakenWith } from './taken-with.ts'

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
  /** Of an animation that is kept as a variant; 0 of others and of still pictures. */
  animationFrames: number
  /** Hex. */
  sha256: string
  /** Base64; see https://evanw.github.io/thumbhash */
  thumbhash: string
  /** 64 bits that are much the same for copies of the picture; absent if it has no features. */
  perceptualHash?: bigint | undefined
}

/** thumbhash takes at most 100 × 100; the perceptual hash is of the same pixels. */
export const PLACEHOLDER_BOX = { width: 100, height: 100 }

/**
 * How much of a JPEG may be missing: encoders that end a block early do no harm, and a damaged bit in mid-file may cost some blocks. Of
 * a photo of 12 megapixels it is 46 blocks of 16 × 16, a fifth of a row.
 */
const MAX_MADE_UP_SHARE = 0.001

/**
 * Decides whether an uploaded file is a photo, and reads its properties. The header is judged before a pixel
 * is decoded, and pixels are decoded once: at the scale of the placeholder, which for JPEG and WebP is several times
 * cheaper than in full. What a decode does not tell (a cut tail) is found in the file's structure, never in the text of
 * an error.
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
  const original = await openOriginal(bytes, contentType, options.maxPixels).catch((error: unknown) => {
    throw truncation ? truncated(truncation) : error
  })
  const { width, height, metadata } = original
  assertPixels(original, options.maxPixels)
  if (truncation) throw truncated(truncation)
  refuseTrailer(bytes.length, trailerBytes(contentType, bytes))
  const { placeholder, thumbhash } = await decodePlaceholder(bytes, contentType, original)
  return {
    contentType,
    bytes: bytes.length,
    width,
    height,
    orientation: metadata.orientation ?? 1,
    animationFrames: framesOf(bytes, contentType, original),
    sha256,
    thumbhash,
    perceptualHash: await perceptualHash(placeholder),
    // A TIFF is what an EXIF block is made of.
    ...readTakenWith(contentType === 'image/tiff' ? { ...metadata, exif: bytes } : metadata),
  }
}

function refuseTrailer(bytes: number, trailer: number): void {
  if (trailer <= Math.max(MAX_TRAILER_BYTES, bytes - trailer)) return
  throw new InvalidImageError(
    'trailer_too_large',
    `${trailer} bytes follow an image of ${bytes - trailer}, of at most ${MAX_TRAILER_BYTES} or as many as it has.`,
  )
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
  if (accepted && mayDeclare(declared, accepted)) return accepted
  if (detected?.startsWith('image/')) {
    throw new InvalidImageError('type_mismatch', `The bytes are ${detected}, not ${declared} as declared.`)
  }
  throw new InvalidImageError(
    'not_an_image',
    `The bytes are ${detected ?? 'of no known type'}, not an image.`,
  )
}

async function decodePlaceholder(
  bytes: Buffer,
  contentType: OriginalContentType,
  original: Original,
): Promise<{ placeholder: Pixels; thumbhash: string }> {
  const size = fitWithin(original.width, original.height, PLACEHOLDER_BOX)
  const placeholder = await (contentType === 'image/jpeg'
    ? decodeJpeg(bytes, original, size)
    : original.decode(size))
  const thumbhash = rgbaToThumbHash(size.width, size.height, await toRgba(placeholder))
  return { placeholder, thumbhash: Buffer.from(thumbhash).toString('base64') }
}

/**
 * Decodes a JPEG, and refuses it if pixels would be made up. Of several scans libjpeg reads all before the first pixel, so if it
 * has no doubts, nothing is missing. Of a single scan it says nothing about the last rows, so the data are always read through.
 */
async function decodeJpeg(bytes: Buffer, original: Original, size: PixelSize): Promise<Pixels> {
  if (original.metadata.isProgressive) {
    const undoubted = await original.decode(size, { failOn: 'warning' }).catch(() => undefined)
    if (undoubted) return undoubted
  }
  // Both end before this does, so that nothing goes on beside the next file.
  const [decoded, shortfall] = await Promise.allSettled([
    original.decode(size),
    Promise.resolve(findShortfall(bytes)),
  ])
  if (shortfall.status === 'fulfilled') refuseShortfall(shortfall.value)
  if (decoded.status === 'rejected') throw decoded.reason
  return decoded.value
}

function refuseShortfall(shortfall: JpegShortfall | undefined): void {
  if (!shortfall || shortfall.share <= MAX_MADE_UP_SHARE) return
  const percent = (100 * shortfall.share).toFixed(1)
  if (shortfall.isTail) throw truncated(`the last ${percent} % of the picture are missing`)
  throw new InvalidImageError(
    'not_an_image',
    `${percent} % of the picture are lost: its restart markers are out of order.`,
  )
}

function truncated(what: string): InvalidImageError {
  return new InvalidImageError('truncated', `The file ends too early: ${what}.`)
}
