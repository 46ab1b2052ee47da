import type { PixelSize } from '../../domain/variants.ts'
import { isIntact, PNG_SIGNATURE, pngChunks, writePngChunk, type PngChunk } from './png.ts'

/** What becomes of a frame's place on the canvas before the next one is drawn. */
type Disposal = 'none' | 'background' | 'previous'

export interface ApngFrame extends PixelSize {
  left: number
  top: number
  /** How long it is shown, in ms. */
  delay: number
  disposal: Disposal
  /** Laid over the canvas by its alpha; else it replaces what is there. */
  isBlended: boolean
  /** Its compressed pixels, in parts. */
  data: Buffer[]
}

/** An animated PNG (PNG 3, section 11.3.6). */
export interface Apng {
  canvas: PixelSize
  /** How often it is played; 0: for ever. */
  plays: number
  frames: ApngFrame[]
  /** What IHDR says, and the chunks that tell the colours of all frames. */
  header: Buffer
  colours: PngChunk[]
}

const CHUNK_BYTES = { IHDR: 13, acTL: 8, fcTL: 26 }
const SEQUENCE_BYTES = 4
const COLOURS = new Set(['PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT'])
const DISPOSALS: readonly Disposal[] = ['none', 'background', 'previous']
/** Of a second, where a frame names none. */
const HUNDREDTHS = 100
/** Encoders write some kilobytes into each. */
const MAX_PARTS = 100_000

class MalformedError extends Error {}

/**
 * Reads the frames of an animated PNG, without decoding a pixel. Whatever breaks a rule of the format (numbers out of order, a frame
 * outside of the canvas, a wrong checksum, fewer frames than announced) makes it no animation, as for browsers, which then
 * show the default picture.
 *
 * @param maxFrames with more of them it is none either, so that hostile ones cost no memory
 */
export function readApng(bytes: Buffer, maxFrames: number): Apng | undefined {
  try {
    return new Reading(bytes, maxFrames).run()
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** A frame as a PNG of its own, in the colours of the file. */
export function pngOfFrame({ header, colours }: Apng, { width, height, data }: ApngFrame): Buffer {
  const ihdr = Buffer.from(header)
  ihdr.writeUInt32BE(width, 0)
  ihdr.writeUInt32BE(height, 4)
  return Buffer.concat([
    PNG_SIGNATURE,
    writePngChunk('IHDR', ihdr),
    ...colours.map((chunk) => writePngChunk(chunk.type, chunk.data)),
    writePngChunk('IDAT', Buffer.concat(data)),
    writePngChunk('IEND', Buffer.alloc(0)),
  ])
}

class Reading {
  readonly #bytes: Buffer
  readonly #maxFrames: number
  readonly #frames: ApngFrame[] = []
  readonly #colours: PngChunk[] = []
  #canvas: PixelSize = { width: 0, height: 0 }
  #header: Buffer = Buffer.alloc(0)
  #control: Buffer | undefined
  /** Of the next fcTL or fdAT: they are counted together. */
  #sequence = 0
  #hasPixels = false
  /** Whether the default picture is the first frame, as it is if a frame was announced before it. */
  #isDefaultShown = false
  #parts = 0

  constructor(bytes: Buffer, maxFrames: number) {
    this.#bytes = bytes
    this.#maxFrames = maxFrames
  }

  run(): Apng | undefined {
    for (const chunk of pngChunks(this.#bytes)) {
      if (chunk.type === 'IEND') break
      // What most PNGs are: without an announcement before the pixels, whatever follows is no animation.
      if (chunk.type === 'IDAT' && !this.#control) return undefined
      this.#read(chunk)
    }
    if (!this.#control) return undefined
    const count = this.#control.readUInt32BE(0)
    check(count === this.#frames.length && this.#frames.every(({ data }) => data.length > 0))
    return {
      canvas: this.#canvas,
      plays: this.#control.readUInt32BE(4),
      frames: this.#frames,
      header: this.#header,
      colours: this.#colours,
    }
  }

  #read(chunk: PngChunk): void {
    switch (chunk.type) {
      case 'IHDR':
        return this.#readHeader(chunk)
      case 'acTL':
        return this.#readControl(chunk)
      case 'fcTL':
        return this.#readFrame(chunk)
      case 'IDAT':
        return this.#readDefault(chunk)
      case 'fdAT':
        return this.#readData(chunk)
      default:
        if (COLOURS.has(chunk.type) && !this.#hasPixels) this.#colours.push(chunk)
    }
  }

  #readHeader({ data }: PngChunk): void {
    check(data.length === CHUNK_BYTES.IHDR && this.#header.length === 0)
    this.#header = data
    this.#canvas = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) }
  }

  #readControl(chunk: PngChunk): void {
    check(chunk.data.length === CHUNK_BYTES.acTL && !this.#control && !this.#hasPixels)
    check(isIntact(this.#bytes, chunk))
    const count = chunk.data.readUInt32BE(0)
    check(count > 0 && count <= this.#maxFrames)
    this.#control = chunk.data
  }

  #readFrame(chunk: PngChunk): void {
    const { data } = chunk
    check(data.length === CHUNK_BYTES.fcTL && this.#frames.length < this.#maxFrames)
    this.#count(chunk)
    // Before the pixels there is one at most, which is about them.
    check(this.#hasPixels || this.#frames.length === 0)
    const [width, height, left, top] = [4, 8, 12, 16].map((at) => data.readUInt32BE(at)) as Numbers
    check(width > 0 && left + width <= this.#canvas.width)
    check(height > 0 && top + height <= this.#canvas.height)
    if (!this.#hasPixels) check(width === this.#canvas.width && height === this.#canvas.height)
    const seconds = data.readUInt16BE(20) / (data.readUInt16BE(22) || HUNDREDTHS)
    const disposal = DISPOSALS[data[24]!]
    check(disposal !== undefined && data[25]! <= 1)
    this.#frames.push({
      ...{ left, top, width, height, disposal },
      delay: Math.round(1000 * seconds),
      isBlended: data[25] === 1,
      data: [],
    })
  }

  #readDefault(chunk: PngChunk): void {
    if (!this.#hasPixels) this.#isDefaultShown = this.#frames.length === 1
    this.#hasPixels = true
    if (!this.#isDefaultShown) return
    check(this.#frames.length === 1 && isIntact(this.#bytes, chunk))
    this.#add(chunk.data)
  }

  #readData(chunk: PngChunk): void {
    check(this.#hasPixels && this.#frames.length > (this.#isDefaultShown ? 1 : 0))
    check(chunk.data.length >= SEQUENCE_BYTES)
    this.#count(chunk)
    this.#add(chunk.data.subarray(SEQUENCE_BYTES))
  }

  #add(part: Buffer): void {
    this.#parts += 1
    check(this.#parts <= MAX_PARTS)
    this.#frames.at(-1)!.data.push(part)
  }

  #count(chunk: PngChunk): void {
    check(isIntact(this.#bytes, chunk) && this.#control !== undefined)
    check(chunk.data.readUInt32BE(0) === this.#sequence)
    this.#sequence += 1
  }
}

type Numbers = [number, number, number, number]

function check(holds: boolean): asserts holds {
  if (!holds) throw new MalformedError()
}
