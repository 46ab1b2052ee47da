import type { PixelSize } from '../../domain/variants.ts'

export interface GifFrame extends PixelSize {
  left: number
  top: number
  canvas: PixelSize
  /** Whether part of the canvas lies outside of it. */
  isSmaller: boolean
}

/**
 * Where the first frame lies on its canvas; undefined if the file ends before it.
 *
 * @param canvas its size by the decoder, which does not believe every header: it makes room for all frames, and takes some
 *   sizes of screens, such as 1600 × 1200, for none
 */
export function firstFrameOf(bytes: Buffer, canvas: PixelSize): GifFrame | undefined {
  for (const { type, at } of gifBlocks(bytes)) {
    if (type !== 'frame' || at + 10 > bytes.length) continue
    const [left, top] = [bytes.readUInt16LE(at + 1), bytes.readUInt16LE(at + 3)]
    const width = Math.min(bytes.readUInt16LE(at + 5), canvas.width - left)
    const height = Math.min(bytes.readUInt16LE(at + 7), canvas.height - top)
    if (width <= 0 || height <= 0) return undefined
    const isSmaller = width < canvas.width || height < canvas.height
    return { left, top, width, height, canvas, isSmaller }
  }
  return undefined
}

export interface GifBlock {
  type: 'extension' | 'frame' | 'trailer'
  at: number
  /** Behind the file's end if the block is cut. */
  end: number
}

/** The blocks of a GIF in their order, as far as it goes. */
export function* gifBlocks(bytes: Buffer): Generator<GifBlock> {
  let at = gifHeadBytes(bytes)
  while (at < bytes.length) {
    const block = blockAt(bytes, at)
    if (block) yield block
    if (block?.type === 'trailer') return
    // Else padding that some encoders leave between blocks; decoders skip it too.
    at = block?.end ?? at + 1
  }
}

/** Of its signature, its screen and the table of colours that frames share. */
export const gifHeadBytes = (bytes: Buffer): number => 13 + colourTableBytes(bytes[10])

function blockAt(bytes: Buffer, at: number): GifBlock | undefined {
  switch (bytes[at]) {
    case 0x3b:
      return { type: 'trailer', at, end: at + 1 }
    case 0x21:
      return { type: 'extension', at, end: afterSubBlocks(bytes, at + 2) }
    case 0x2c:
      return { type: 'frame', at, end: afterSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9])) }
    default:
      return undefined
  }
}

function colourTableBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

function afterSubBlocks(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!
  return at + 1
}
