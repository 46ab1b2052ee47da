import type { OriginalContentType } from '../../domain/variants.ts'
import { gifBlocks } from './gif.ts'
import { readHeif } from './heif.ts'
import { pngChunks } from './png.ts'
import { missingOfTiff } from './tiff-structure.ts'

/**
 * What may lie behind the end of an image, unless the image itself is larger: room for gain maps, second pictures and motion
 * videos, which phones append, and no way to keep other files at the price of a pixel.
 */
export const MAX_TRAILER_BYTES = 25 * 1024 ** 2

/** Where an image ends in its file, or what is missing of it. */
type Ending = { end: number } | { missing: string }

/**
 * Looks at a file's own structure for its end, which decoders do not: they stop at the last pixel they need, so a file
 * cut in its tail (or in a later frame) would pass. Linear in the file's length, decodes nothing, never throws.
 *
 * Returns what is missing, or undefined if the file ends properly. Bytes after the end are allowed (phones append
 * gain maps and motion videos there), but see {@link trailerBytes}.
 */
export function findTruncation(contentType: OriginalContentType, bytes: Buffer): string | undefined {
  const ending = ENDINGS[contentType](bytes)
  return 'missing' in ending ? ending.missing : undefined
}

/** How many bytes lie behind the end of the image; 0 for a truncated one. */
export function trailerBytes(contentType: OriginalContentType, bytes: Buffer): number {
  const ending = ENDINGS[contentType](bytes)
  return 'missing' in ending ? 0 : Math.max(0, bytes.length - ending.end)
}

const ENDINGS: Record<OriginalContentType, (bytes: Buffer) => Ending> = {
  'image/jpeg': endingOfJpeg,
  'image/png': endingOfPng,
  'image/webp': endingOfWebp,
  'image/gif': endingOfGif,
  'image/avif': endingOfHeif,
  'image/heic': endingOfHeif,
  'image/heif': endingOfHeif,
  'image/tiff': endingOfTiff,
}

/** The header's segments are walked, as an EXIF thumbnail in them has an end-of-image marker of its own. */
function endingOfJpeg(bytes: Buffer): Ending {
  const missing = 'the end-of-image marker is missing'
  let at = 2
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!
    if (bytes[at] !== 0xff || marker === 0xff) at += 1
    else if (marker === 0xda) {
      const end = bytes.indexOf(Buffer.of(0xff, 0xd9), at + 2 + bytes.readUInt16BE(at + 2))
      return end === -1 ? { missing } : { end: end + 2 }
    } else if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) at += 2
    else at += 2 + bytes.readUInt16BE(at + 2)
  }
  return { missing }
}

/** IEND has no data: a length, a type and a checksum of four bytes each. */
function endingOfPng(bytes: Buffer): Ending {
  for (const { type, at } of pngChunks(bytes)) if (type === 'IEND') return { end: at + 12 }
  return { missing: 'the IEND chunk is missing' }
}

function endingOfWebp(bytes: Buffer): Ending {
  const end = bytes.length >= 12 ? bytes.readUInt32LE(4) + 8 : Infinity
  return end <= bytes.length ? { end } : { missing: 'the RIFF container is longer than the file' }
}

function endingOfGif(bytes: Buffer): Ending {
  for (const { type, at } of gifBlocks(bytes)) if (type === 'trailer') return { end: at + 1 }
  return { missing: 'the trailer is missing' }
}

function endingOfHeif(bytes: Buffer): Ending {
  const { end, missing } = readHeif(bytes)
  return missing === undefined ? { end } : { missing }
}

/** What a TIFF points to may lie anywhere, so that nothing is behind it. */
function endingOfTiff(bytes: Buffer): Ending {
  const missing = missingOfTiff(bytes)
  return missing === undefined ? { end: bytes.length } : { missing }
}
