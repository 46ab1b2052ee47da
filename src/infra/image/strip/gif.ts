import { gifBlocks, gifHeadBytes } from '../gif.ts'
import { collectPieces, UnstrippableError, type Piece, type Pieces } from './pieces.ts'

const GRAPHIC_CONTROL = 0xf9
const APPLICATION = 0xff
const LOOPS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0'])

/**
 * Keeps frames, their timing and the number of loops; comments, XMP and other applications' data go.
 * @throws UnstrippableError
 */
export function stripGif(bytes: Buffer): readonly Piece[] {
  const pieces = collectPieces()
  pieces.keep(0, gifHeadBytes(bytes))
  for (const { type, at, end } of gifBlocks(bytes)) {
    if (type === 'frame' && end <= bytes.length) pieces.keep(at, end)
    else if (type === 'extension') keepExtension(pieces, bytes, at)
    else if (type === 'trailer') {
      pieces.keep(at, end)
      return pieces.list
    }
  }
  throw new UnstrippableError('a GIF without an end')
}

/** Only what has the expected form: two bytes of head, one sub-block, and the empty one that ends the list. */
function keepExtension(pieces: Pieces, bytes: Buffer, at: number): void {
  const label = bytes[at + 1]
  if (label === GRAPHIC_CONTROL && bytes[at + 2] === 4 && bytes[at + 7] === 0) pieces.keep(at, at + 8)
  if (label !== APPLICATION || bytes[at + 2] !== 11 || !LOOPS.has(bytes.toString('latin1', at + 3, at + 14)))
    return
  if (bytes[at + 14] !== 3 || bytes[at + 15] !== 1) return
  // Its first sub-block is the number of loops; others may follow.
  pieces.keep(at, at + 18)
  pieces.write(Buffer.of(0))
}
