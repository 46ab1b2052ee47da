/** The file's structure is not one that can be stripped with certainty. */
export class UnstrippableError extends Error {
  override readonly name = 'UnstrippableError'
}

/** A part of a stripped file: bytes of its own, or a range of the original's. */
export type Piece = Buffer | { start: number; end: number }

/** Ordinary files make do with ten, as neighbouring ranges are one piece. */
const MAX_PIECES = 10_000

export interface Pieces {
  /** Takes over a range of the original. @throws UnstrippableError for one of absurdly many */
  keep(start: number, end: number): void
  /** Adds bytes of its own. @throws UnstrippableError for one of absurdly many */
  write(bytes: Buffer): void
  list: readonly Piece[]
  /** Bytes of all of them. */
  bytes(): number
}

/** Collects the pieces of a stripped file in their order, so that it can be copied without being held in memory. */
export function collectPieces(): Pieces {
  const list: Piece[] = []
  let bytes = 0
  function add(piece: Piece): void {
    if (list.length >= MAX_PIECES) throw new UnstrippableError('too many pieces')
    list.push(piece)
  }
  return {
    list,
    bytes: () => bytes,
    keep(start, end) {
      bytes += end - start
      const last = list.at(-1)
      if (last && !Buffer.isBuffer(last) && last.end === start) last.end = end
      else add({ start, end })
    },
    write(written) {
      bytes += written.length
      add(written)
    },
  }
}

/** The stripped file in one buffer. */
export function assemble(original: Buffer, pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : original.subarray(piece.start, piece.end))),
  )
}
