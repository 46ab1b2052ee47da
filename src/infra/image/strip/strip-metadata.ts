import { readFile } from 'node:fs/promises'
import { InvalidImageError } from '../../../domain/invalid-image.ts'
import {
  ORIGINAL_CONTENT_TYPES,
  type DownloadFormat,
  type OriginalContentType,
  type PixelSize,
} from '../../../domain/variants.ts'
import { detectContentType } from '../format.ts'
import { openOriginal, type Original } from '../original.ts'
import { assertPixels } from '../pixel-limit.ts'
import { stripGif } from './gif.ts'
import { stripHeif } from './heif.ts'
import { stripJpeg } from './jpeg.ts'
import { assemble, UnstrippableError, type Piece } from './pieces.ts'
import { stripPng } from './png.ts'
import { stripWebp } from './webp.ts'

/** A copy of an original for others: of ranges of its file, or of new bytes where that cannot be. */
export interface StrippedFile extends PixelSize {
  format: DownloadFormat
  pieces: readonly Piece[]
}

/** Of the pictures that are made again. Better codes would take a second copy of the picture, and 5 % less of the bytes. */
const JPEG = { quality: 95, chromaSubsampling: '4:4:4', optimiseCoding: false }

/**
 * A copy of an original without its metadata, its thumbnails and whatever else is no part of the picture. Coded pixels are taken over
 * as they are; what cannot be stripped with certainty is made again as a JPEG.
 *
 * @throws InvalidImageError if the original cannot be decoded
 */
export async function stripMetadata(
  file: string,
  { maxPixels }: { maxPixels: number },
): Promise<StrippedFile> {
  const bytes = await readFile(file)
  const detected = await detectContentType(bytes)
  const contentType = ORIGINAL_CONTENT_TYPES.find((type) => type === detected)
  if (!contentType) throw new InvalidImageError('not_an_image', 'The bytes are of no accepted type.')
  const original = await openOriginal(bytes, contentType, maxPixels)
  assertPixels(original, maxPixels)
  return (await stripped(bytes, contentType, original, maxPixels)) ?? (await reencoded(original))
}

type Filter = (bytes: Buffer, orientation: number) => readonly Piece[]

/** How each type is stripped. Of a TIFF nothing is: its directories point anywhere, and makers' notes move with them. */
const FILTERS: Partial<Record<OriginalContentType, { format: DownloadFormat; strip: Filter }>> = {
  'image/jpeg': { format: 'jpeg', strip: stripJpeg },
  'image/png': { format: 'png', strip: stripPng },
  'image/webp': { format: 'webp', strip: stripWebp },
  'image/gif': { format: 'gif', strip: stripGif },
  'image/avif': { format: 'avif', strip: stripHeif },
  'image/heic': { format: 'heic', strip: stripHeif },
}

async function stripped(
  bytes: Buffer,
  contentType: OriginalContentType,
  { width, height, metadata }: Original,
  maxPixels: number,
): Promise<StrippedFile | undefined> {
  const filter = FILTERS[contentType]
  if (!filter) return undefined
  try {
    const pieces = filter.strip(bytes, metadata.orientation ?? 1)
    const copy = await openOriginal(assemble(bytes, pieces), contentType, maxPixels)
    const isSame = copy.width === width && copy.height === height
    return isSame ? { format: filter.format, width, height, pieces } : undefined
  } catch (error) {
    if (error instanceof UnstrippableError || error instanceof InvalidImageError) return undefined
    throw error
  }
}

async function reencoded(original: Original): Promise<StrippedFile> {
  const { width, height } = original
  return { format: 'jpeg', width, height, pieces: [await original.toJpeg(JPEG)] }
}
