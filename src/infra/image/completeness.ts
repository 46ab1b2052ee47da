import type { OriginalContentType } from '../../domain/variants.ts'
import { gifBlocks } from './gif.ts'
import { readHeif } from './heif.ts'
import { pngChunks } from './png.ts'
import { missingOfTiff } from './tiff-structure.ts'

/**
 * Looks at a file's own structure for its end, which decoders do not: they stop at the last pixel they need, so a file
 * cut in its tail (or in a later frame) would pass. Linear in the file's length, decodes nothing, never throws.
 *
 * Returns what is missing, or undefined if the file ends properly. Bytes after the end are allowed (phones append
 * gain maps and motion videos there).
 */
export function findTruncation(contentType: OriginalContentType, bytes: Buffer): string | undefined {
  switch (contentType) {
    case 'image/jpeg':
      return endsAsJpeg(bytes) ? undefined : 'the end-of-image marker is missing'
    case 'image/png':
      return endsAsPng(bytes) ? undefined : 'the IEND chunk is missing'
    case 'image/webp':
      return endsAsWebp(bytes) ? undefined : 'the RIFF container is longer than the file'
    case 'image/gif':
      return endsAsGif(bytes) ? undefined : 'the trailer is missing'
    case 'image/avif':
    case 'image/heic':
    case 'image/heif':
      return readHeif(bytes).missing
    case 'image/tiff':
      return missingOfTiff(bytes)
  }
}

/** The header's segments are walked, as an EXIF thumbnail in them has an end-of-image marker of its own. */
function endsAsJpeg(bytes: Buffer): boolean {
  let at = 2
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!
    if (bytes[at] !== 0xff || marker === 0xff) at += 1
    else if (marker === 0xda)
      return bytes.indexOf(Buffer.of(0xff, 0xd9), at + 2 + bytes.readUInt16BE(at + 2)) !== -1
    else if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) at += 2
    else at += 2 + bytes.readUInt16BE(at + 2)
  }
  return false
}

function endsAsPng(bytes: Buffer): boolean {
  for (const { type } of pngChunks(bytes)) if (type === 'IEND') return true
  return false
}

function endsAsWebp(bytes: Buffer): boolean {
  return bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length
}

function endsAsGif(bytes: Buffer): boolean {
  for (const { type } of gifBlocks(bytes)) if (type === 'trailer') return true
  return false
}
