import type { OriginalContentType } from '../../domain/variants.ts'

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
      return endsAsBoxes(bytes) ? undefined : 'a box is longer than the file'
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
  let at = 8
  while (at + 12 <= bytes.length) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return true
    at += 12 + bytes.readUInt32BE(at)
  }
  return false
}

function endsAsWebp(bytes: Buffer): boolean {
  return bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length
}

function endsAsGif(bytes: Buffer): boolean {
  let at = 13 + colourTableBytes(bytes[10])
  while (at < bytes.length) {
    const block = bytes[at]!
    if (block === 0x3b) return true
    if (block === 0x21) at = afterSubBlocks(bytes, at + 2)
    else if (block === 0x2c) at = afterSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9]))
    else at += 1 // Padding that some encoders leave between blocks; decoders skip it too.
  }
  return false
}

function colourTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

function afterSubBlocks(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!
  return at + 1
}

function endsAsBoxes(bytes: Buffer): boolean {
  let at = 0
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return false
    let size = bytes.readUInt32BE(at)
    if (size === 0) return true // By the standard: this box reaches to the end of the file.
    if (size === 1) size = at + 16 > bytes.length ? 0 : Number(bytes.readBigUInt64BE(at + 8))
    if (size < 8 || at + size > bytes.length) return false
    at += size
  }
  return true
}
