import { isPng, PNG_FRAME_BYTES, PNG_SIGNATURE, pngChunks, writePngChunk } from '../png.ts'
import { orientationExif, turns } from './orientation-exif.ts'
import { collectPieces, UnstrippableError, type Piece } from './pieces.ts'

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
  if (!isPng(bytes)) throw new UnstrippableError('not a PNG')
  const pieces = collectPieces()
  pieces.keep(0, PNG_SIGNATURE.length)
  for (const { type, at, data } of pngChunks(bytes)) {
    if (data.length > (KEPT.get(type) ?? -1)) {
      if (/^[A-Z]/.test(type)) throw new UnstrippableError('a critical PNG chunk that is unknown or too long')
      continue
    }
    if (type === 'iCCP') pieces.write(writePngChunk(type, withoutName(data)))
    else pieces.keep(at, at + PNG_FRAME_BYTES + data.length)
    // Directly behind the header, where readers that stop at the first pixels still find it.
    if (type === 'IHDR' && turns(orientation))
      pieces.write(writePngChunk('eXIf', orientationExif(orientation)))
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
