import { orientationExif, turns } from './orientation-exif.ts'
import { collectPieces, UnstrippableError, type Piece, type Pieces } from './pieces.ts'

const EXIF_FLAG = 0x08
const XMP_FLAG = 0x04
const KEPT = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const KEPT_OF_FRAME = new Set(['VP8 ', 'VP8L', 'ALPH'])
/** `RIFF`, the size of what follows, `WEBP`. */
const RIFF_BYTES = 12
const CHUNK_HEAD_BYTES = 8
const HEADER_BYTES = 10
const FRAME_HEADER_BYTES = 16
/** More than any animation has. */
const MAX_CHUNKS = 50_000

/**
 * Keeps the chunks that make the picture and its frames, and the ICC profile.
 * @throws UnstrippableError
 */
export function stripWebp(bytes: Buffer, orientation: number): readonly Piece[] {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, RIFF_BYTES) !== 'WEBP')
    throw new UnstrippableError('not a WebP')
  const chunks = chunksOf(bytes, RIFF_BYTES, CHUNK_HEAD_BYTES + bytes.readUInt32LE(4))
  const body = collectPieces()
  const hasHeader = chunks[0]?.type === 'VP8X'
  const hasExif = hasHeader && turns(orientation)
  for (const chunk of firstOfEach(chunks)) {
    if (chunk.type === 'VP8X') body.write(header(bytes, chunk, hasExif))
    else if (chunk.type === 'ANMF') keepFrame(body, bytes, chunk)
    else keepChunk(body, bytes, chunk)
  }
  if (hasExif) {
    const exif = orientationExif(orientation)
    body.write(Buffer.concat([chunkHead('EXIF', exif.length), exif]))
  }
  const riff = Buffer.concat([chunkHead('RIFF', 4 + body.bytes()), Buffer.from('WEBP', 'latin1')])
  return [riff, ...body.list]
}

interface Chunk {
  type: string
  at: number
  /** Of its data, without padding. */
  end: number
  isPadded: boolean
}

function chunksOf(bytes: Buffer, start: number, end: number): Chunk[] {
  if (end > bytes.length) throw new UnstrippableError('a cut WebP')
  const chunks: Chunk[] = []
  for (let at = start; at + CHUNK_HEAD_BYTES <= end;) {
    const length = bytes.readUInt32LE(at + 4)
    const dataEnd = at + CHUNK_HEAD_BYTES + length
    if (dataEnd > end) throw new UnstrippableError('a cut WebP chunk')
    if (chunks.length >= MAX_CHUNKS) throw new UnstrippableError('too many WebP chunks')
    const isPadded = length % 2 === 1
    chunks.push({ type: bytes.toString('latin1', at, at + 4), at, end: dataEnd, isPadded })
    at = dataEnd + (isPadded ? 1 : 0)
  }
  return chunks
}

/** Of chunks that may stand only once, decoders read the first. */
function firstOfEach(chunks: readonly Chunk[]): Chunk[] {
  const seen = new Set<string>()
  return chunks.filter(({ type }) => {
    if (!KEPT.has(type) || seen.has(type)) return false
    if (type !== 'ANMF') seen.add(type)
    return true
  })
}

function keepChunk(body: Pieces, bytes: Buffer, { at, end, isPadded }: Chunk): void {
  const hasPadding = isPadded && bytes[end] === 0
  body.keep(at, hasPadding ? end + 1 : end)
  if (isPadded && !hasPadding) body.write(Buffer.of(0))
}

/** Without flags of what goes, and without what may stand in reserved bytes or behind it. */
function header(bytes: Buffer, { at, end }: Chunk, hasExif: boolean): Buffer {
  const data = Buffer.from(bytes.subarray(at + CHUNK_HEAD_BYTES, at + CHUNK_HEAD_BYTES + HEADER_BYTES))
  if (end - at < CHUNK_HEAD_BYTES + HEADER_BYTES) throw new UnstrippableError('a cut WebP header')
  data[0] = (data[0]! & ~(EXIF_FLAG | XMP_FLAG)) | (hasExif ? EXIF_FLAG : 0)
  data.fill(0, 1, 4)
  return Buffer.concat([chunkHead('VP8X', HEADER_BYTES), data])
}

function keepFrame(body: Pieces, bytes: Buffer, frame: Chunk): void {
  const start = frame.at + CHUNK_HEAD_BYTES + FRAME_HEADER_BYTES
  if (start > frame.end) throw new UnstrippableError('a cut WebP frame')
  const all = chunksOf(bytes, start, frame.end)
  const kept = all.filter(({ type }) => KEPT_OF_FRAME.has(type))
  if (kept.length === all.length && all.at(-1)?.end === frame.end) {
    keepChunk(body, bytes, frame)
    return
  }
  const inner = collectPieces()
  for (const chunk of kept) keepChunk(inner, bytes, chunk)
  body.write(chunkHead('ANMF', FRAME_HEADER_BYTES + inner.bytes()))
  body.keep(frame.at + CHUNK_HEAD_BYTES, start)
  for (const piece of inner.list) {
    if (Buffer.isBuffer(piece)) body.write(piece)
    else body.keep(piece.start, piece.end)
  }
}

function chunkHead(type: string, length: number): Buffer {
  const head = Buffer.alloc(CHUNK_HEAD_BYTES)
  head.write(type, 0, 'latin1')
  head.writeUInt32LE(length, 4)
  return head
}
