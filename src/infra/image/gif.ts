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

/** The blocks of a GIF in their order, as far as it goes. */
export function* gifBlocks(
  bytes: Buffer,
): Generator<{ type: 'extension' | 'frame' | 'trailer'; at: number }> {
  let at = 13 + colourTableBytes(bytes[10])
  while (at < bytes.length) {
    const block = bytes[at]
    if (block === 0x3b) {
      yield { type: 'trailer', at }
      return
    }
    if (block === 0x21) {
      yield { type: 'extension', at }
      at = afterSubBlocks(bytes, at + 2)
    } else if (block === 0x2c) {
      yield { type: 'frame', at }
      at = afterSubBlocks(bytes, at + 11 + colourTableBytes(bytes[at + 9]))
    } else {
      at += 1 // Padding that some encoders leave between blocks; decoders skip it too.
    }
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
