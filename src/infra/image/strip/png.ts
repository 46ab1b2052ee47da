import { crc32 } from 'node:zlib'
import { pngChunks } from '../png.ts'
import { orientationExif, turns } from './orientation-exif.ts'
import { collectPieces, UnstrippableError, type Piece } from './pieces.ts'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Of a chunk beside its data: length, type and checksum. */
const FRAME_BYTES = 12

/**
 * What makes the picture: pixels, transparency, colours, density and the frames of an animation, each with the most data that it
 * may have. Anything longer hides something.
 */
const KEPT: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ IHDR: 13, PLTE: 768, IDAT: Infinity, IEND: 0, tRNS: 256, bKGD: 6, sBIT: 4, pHYs: 9 },
    ...{ gAMA: 4, cHRM: 32, sRGB: 1, iCCP: Infinity, cICP: 4, mDCV: 24, cLLI: 8, mDCv: 24, cLLi: 8 },
    ...{ acTL: 8, fcTL: 26, fdAT: Infinity },
  }),
)

/**
 * Keeps the chunks that make the picture; texts, times, EXIF, private chunks and whatever follows the end go.
 * @throws UnstrippableError
 */
export function stripPng(bytes: Buffer, orientation: number): readonly Piece[] {
  if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new UnstrippableError('not a PNG')
  const pieces = collectPieces()
  pieces.keep(0, SIGNATURE.length)
  for (const { type, at, data } of pngChunks(bytes)) {
    if (data.length > (KEPT.get(type) ?? -1)) {
      if (/^[A-Z]/.test(type)) throw new UnstrippableError('a critical PNG chunk that is unknown or too long')
      continue
    }
    if (type === 'iCCP') pieces.write(chunk(type, withoutName(data)))
    else pieces.keep(at, at + FRAME_BYTES + data.length)
    // Directly behind the header, where readers that stop at the first pixels still find it.
    if (type === 'IHDR' && turns(orientation)) pieces.write(chunk('eXIf', orientationExif(orientation)))
    if (type === 'IEND') return pieces.list
  }
  throw new UnstrippableError('a PNG without an end')
}

/** A profile has a name beside its bytes, which is free text. */
function withoutName(data: Buffer): Buffer {
  const end = data.indexOf(0)
  if (end === -1) throw new UnstrippableError('a damaged profile')
  return Buffer.concat([Buffer.from('ICC profile', 'latin1'), data.subarray(end)])
}

function chunk(type: string, data: Buffer): Buffer {
  const written = Buffer.alloc(FRAME_BYTES + data.length)
  written.writeUInt32BE(data.length, 0)
  written.write(type, 4, 'latin1')
  data.copy(written, 8)
  written.writeUInt32BE(crc32(written.subarray(4, 8 + data.length)), 8 + data.length)
  return written
}
