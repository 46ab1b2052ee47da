import type { Pixels } from '../original.ts'
import type { Box } from './text-boxes.ts'

/** Upright pixels of one line, each channel by itself, as networks take them. */
export interface Line {
  width: number
  height: number
  /** All of blue, all of green, all of red, from -1 to 1. */
  data: Float32Array
}

/** The height that the network reads. */
const HEIGHT = 48
/** Some 150 characters; a longer line is squeezed. */
const MAX_WIDTH = 2_400
const MIN_WIDTH = 16
/** A box so much higher than wide holds a line that runs down or up. */
const UPRIGHT_RATIO = 1.5

/** The lines that a box may hold: one, or if the box stands upright, the one read downwards and the one read upwards. */
export function straighten(picture: Pixels, box: Box): Line[] {
  if (box.height < box.width * UPRIGHT_RATIO) return [lineIn(picture, box)]
  const lying = { ...box, width: box.height, height: box.width }
  return [Math.PI / 2, -Math.PI / 2].map((turned) => lineIn(picture, { ...lying, angle: box.angle + turned }))
}

/** The pixels in the box, between four of the picture each. */
function lineIn(picture: Pixels, box: Box): Line {
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.round((HEIGHT * box.width) / box.height)))
  const data = new Float32Array(3 * width * HEIGHT)
  const [cos, sin] = [Math.cos(box.angle), Math.sin(box.angle)]
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < width; column++) {
      const along = ((column + 0.5) / width - 0.5) * box.width
      const across = ((row + 0.5) / HEIGHT - 0.5) * box.height
      const x = box.x + along * cos - across * sin
      const y = box.y + along * sin + across * cos
      for (let channel = 0; channel < 3; channel++) {
        const at = channel * width * HEIGHT + row * width + column
        data[at] = (valueAt(picture, x, y, 2 - channel) / 255 - 0.5) / 0.5
      }
    }
  }
  return { width, height: HEIGHT, data }
}

function valueAt({ data, width, height, channels }: Pixels, x: number, y: number, channel: number): number {
  const left = within(Math.floor(x - 0.5), width)
  const right = within(left + 1, width)
  const top = within(Math.floor(y - 0.5), height)
  const bottom = within(top + 1, height)
  const fx = Math.min(1, Math.max(0, x - 0.5 - left))
  const fy = Math.min(1, Math.max(0, y - 0.5 - top))
  const value = (column: number, row: number) => data[(row * width + column) * channels + channel]!
  return (
    (value(left, top) * (1 - fx) + value(right, top) * fx) * (1 - fy) +
    (value(left, bottom) * (1 - fx) + value(right, bottom) * fx) * fy
  )
}

const within = (at: number, size: number): number => Math.min(size - 1, Math.max(0, at))
