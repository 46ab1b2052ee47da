import type { PixelSize } from '../../domain/variants.ts'
import type { ApngFrame } from './apng.ts'

/** RGBA. */
const CHANNELS = 4
const OPAQUE = 255

/** What an animated PNG shows, frame after frame: RGBA of 8 bits, transparent at first. */
export class ApngCanvas {
  readonly data: Buffer
  readonly #width: number

  constructor({ width, height }: PixelSize) {
    this.#width = width
    this.data = Buffer.alloc(width * height * CHANNELS)
  }

  /**
   * Draws a frame.
   * @param pixels its own, RGBA
   * @returns what makes room for the next frame, as this one says
   */
  draw(frame: ApngFrame, pixels: Buffer): () => void {
    const before = frame.disposal === 'previous' ? this.#copyOf(frame) : undefined
    this.#eachRow(frame, (at, from, to) => {
      if (frame.isBlended) layOver(this.data, at, pixels.subarray(from, to))
      else pixels.copy(this.data, at, from, to)
    })
    return () => {
      if (frame.disposal === 'none') return
      this.#eachRow(frame, (at, from, to) => {
        if (before) before.copy(this.data, at, from, to)
        else this.data.fill(0, at, at + to - from)
      })
    }
  }

  #copyOf(frame: ApngFrame): Buffer {
    const copy = Buffer.allocUnsafeSlow(frame.width * frame.height * CHANNELS)
    this.#eachRow(frame, (at, from, to) => this.data.copy(copy, from, at, at + to - from))
    return copy
  }

  /** Where each of a frame's rows begins on the canvas, and where it lies in the frame. */
  #eachRow(
    { left, top, width, height }: ApngFrame,
    visit: (at: number, from: number, to: number) => void,
  ): void {
    const row = width * CHANNELS
    for (let y = 0; y < height; y++)
      visit(((top + y) * this.#width + left) * CHANNELS, y * row, (y + 1) * row)
  }
}

/** Lays pixels over others by their alpha (PNG 3, section 13.16); both are encoded samples, as browsers mix them. */
function layOver(below: Buffer, start: number, over: Buffer): void {
  for (let from = 0, at = start; from < over.length; from += CHANNELS, at += CHANNELS) {
    const alpha = over[from + 3]!
    if (alpha === 0) continue
    const mine = alpha * OPAQUE
    const theirs = (OPAQUE - alpha) * below[at + 3]!
    const all = mine + theirs
    for (let channel = 0; channel < 3; channel++) {
      below[at + channel] = Math.round((over[from + channel]! * mine + below[at + channel]! * theirs) / all)
    }
    below[at + 3] = Math.round(all / OPAQUE)
  }
}
