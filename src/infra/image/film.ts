import type { Sharp } from 'sharp'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { fitWithin, MAX_ANIMATION_PIXELS, type PixelSize } from '../../domain/variants.ts'
import { sharp, TIMEOUT_SECONDS } from './sharp.ts'

/** RGBA. */
const CHANNELS = 4
/** What a WebP can say, and sharp takes. */
const MOST = 65_535

/** How long each frame is shown, in ms, and how often all are; 0: for ever. */
export interface Timing {
  delays: readonly number[]
  loops: number
}

/** What a film takes: its frames, and its canvas, one frame and what that hides. */
export function filmBytes(canvas: PixelSize, count: number, box: PixelSize): number {
  const { width, height } = fitWithin(canvas.width, canvas.height, box)
  return CHANNELS * (count * width * height + 3 * canvas.width * canvas.height)
}

/** Frames that were decoded one by one, in the size that they are wanted in. */
export class Film {
  readonly #canvas: PixelSize
  readonly #size: PixelSize
  readonly #frames: Buffer
  readonly #endsAt = performance.now() + 1_000 * TIMEOUT_SECONDS
  #filled = 0

  /** @throws InvalidImageError if the frames have too many pixels together */
  constructor(canvas: PixelSize, count: number, box: PixelSize) {
    if (count * canvas.width * canvas.height > MAX_ANIMATION_PIXELS)
      throw new InvalidImageError('too_complex', 'The animation has too many pixels.')
    this.#canvas = canvas
    this.#size = fitWithin(canvas.width, canvas.height, box)
    this.#frames = Buffer.alloc(count * this.#size.width * this.#size.height * CHANNELS)
  }

  /** Adds what the canvas shows, as RGBA. @throws Error with the word timeout, as libvips does, if it takes too long */
  async add(shown: Buffer): Promise<void> {
    if (performance.now() > this.#endsAt) throw new Error('timeout: the frames take too long')
    const raw = { ...this.#canvas, channels: CHANNELS } as const
    const frame = await sharp(shown, { raw })
      .resize({ ...this.#size, fit: 'fill' })
      .raw()
      .toBuffer()
    this.#filled += frame.copy(this.#frames, this.#filled)
  }

  /** All frames, to be encoded as one animated WebP. */
  open({ delays, loops }: Timing, encoder: { quality: number; effort: number }): Sharp {
    const { width, height: pageHeight } = this.#size
    const height = this.#frames.length / CHANNELS / width
    const delay = delays.map((each) => Math.min(each, MOST))
    return sharp(this.#frames, { raw: { width, height, pageHeight, channels: CHANNELS } })
      .timeout({ seconds: TIMEOUT_SECONDS })
      .webp({ ...encoder, delay, loop: Math.min(loops, MOST) })
  }
}
