import { orientationExif, turns } from './orientation-exif.ts'
import { collectPieces, UnstrippableError, type Piece } from './pieces.ts'

const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP14 = 0xee

/** Frames, tables of quantization, Huffman and arithmetic coding, restart intervals, number of lines, scans. */
const PICTURE = new Set([
  ...[0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf],
  ...[0xdb, 0xdc, 0xdd, SOS],
])

/** Of a marker and its length. */
const HEAD_BYTES = 4
const JFIF_BYTES = 14
const ADOBE_BYTES = 12

/**
 * Keeps the segments that make the picture, its ICC profile and what Adobe says of its colours. Everything behind the end of
 * the image goes too: second pictures, gain maps, films.
 *
 * @throws UnstrippableError
 */
export function stripJpeg(bytes: Buffer, orientation: number): readonly Piece[] {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) throw new UnstrippableError('not a JPEG')
  const head: Buffer[] = [Buffer.of(0xff, SOI)]
  const kept = collectPieces()
  for (let at = 2; ;) {
    at = bytes.indexOf(0xff, at)
    const marker = bytes[at + 1]
    // Without a proper end: that a picture is whole enough was judged at its inspection.
    if (at === -1 || marker === undefined || marker === EOI) break
    // Fill bytes, and markers that stand alone where they mean nothing.
    if (marker === 0xff) at += 1
    else if (marker <= 0x01 || (marker >= 0xd0 && marker <= SOI)) at += 2
    else {
      const end = segmentEnd(bytes, at)
      const segment = bytes.subarray(at, end)
      if (marker === APP0 && head.length === 1 && startsWith(segment, 'JFIF\0')) head.push(bareJfif(segment))
      else if (marker === APP14 && startsWith(segment, 'Adobe')) kept.write(bareAdobe(segment))
      else if (PICTURE.has(marker) || (marker === APP2 && startsWith(segment, 'ICC_PROFILE\0')))
        kept.keep(at, end)
      at = end
      if (marker === SOS) {
        at = scanEnd(bytes, end)
        kept.keep(end, at)
      }
    }
  }
  if (turns(orientation)) head.push(exifSegment(orientation))
  return [Buffer.concat(head), ...kept.list, Buffer.of(0xff, EOI)]
}

function segmentEnd(bytes: Buffer, at: number): number {
  if (at + HEAD_BYTES > bytes.length) throw new UnstrippableError('a cut JPEG segment')
  const length = bytes.readUInt16BE(at + 2)
  if (length < 2 || at + 2 + length > bytes.length) throw new UnstrippableError('a cut JPEG segment')
  return at + 2 + length
}

/** The next marker that does not belong to a scan's own data, or the end of the file. */
function scanEnd(bytes: Buffer, start: number): number {
  for (let at = start; ;) {
    at = bytes.indexOf(0xff, at)
    if (at === -1) return bytes.length
    const marker = bytes[at + 1]
    if (marker === undefined) return at
    if (marker === 0xff) at += 1
    else if (marker === 0 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else return at
  }
}

/** Version and density; without the thumbnail that may follow. */
function bareJfif(segment: Buffer): Buffer {
  if (segment.length < HEAD_BYTES + JFIF_BYTES) throw new UnstrippableError('a cut JFIF segment')
  const jfif = shortened(segment, JFIF_BYTES)
  jfif.writeUInt16BE(0, jfif.length - 2)
  return jfif
}

/** Whether colours are YCbCr, YCCK or as they are; without what may follow. */
function bareAdobe(segment: Buffer): Buffer {
  if (segment.length < HEAD_BYTES + ADOBE_BYTES) throw new UnstrippableError('a cut Adobe segment')
  return shortened(segment, ADOBE_BYTES)
}

function shortened(segment: Buffer, bytes: number): Buffer {
  const short = Buffer.from(segment.subarray(0, HEAD_BYTES + bytes))
  short.writeUInt16BE(2 + bytes, 2)
  return short
}

function exifSegment(orientation: number): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), orientationExif(orientation)])
  const segment = Buffer.concat([Buffer.of(0xff, APP1, 0, 0), content])
  segment.writeUInt16BE(2 + content.length, 2)
  return segment
}

const startsWith = (segment: Buffer, name: string) =>
  segment.toString('latin1', HEAD_BYTES, HEAD_BYTES + name.length) === name
