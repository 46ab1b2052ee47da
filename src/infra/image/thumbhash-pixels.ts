/** Coefficients of a channel, by horizontal and vertical frequency; its mean first. */
interface Channel {
  across: number
  down: number
  values: Float64Array
}

/** As many as the format ever has in one direction. */
const MAX_FREQUENCIES = 7

/** cos(π / size · (at + ½) · frequency), by `at` and frequency. */
const cosines = new Map<number, Float64Array>()

/**
 * The picture that a thumbhash describes, `side` pixels at its longer side, as RGBA. With 32 it is the same as thumbHashToRGBA of `thumbhash` but for
 * rounding, in a fraction of its time, which counts where the documents of millions of photos are made: cosines are computed once for each size,
 * and rows before their pixels.
 */
export function thumbhashPixels(hash: Uint8Array, side: number): Uint8ClampedArray {
  const header = hash[0]! | (hash[1]! << 8) | (hash[2]! << 16)
  const hasAlpha = header >> 23 !== 0
  const isLandscape = hash[4]! >> 7 !== 0
  const shorter = hash[3]! & 7
  const longer = hasAlpha ? 5 : 7
  const across = isLandscape ? longer : shorter
  const down = isLandscape ? shorter : longer
  const scales = hash[3]! | (hash[4]! << 8)
  const coefficients = new Coefficients(hash, hasAlpha ? 6 : 5)
  const light = (header & 63) / 63
  const yellow = ((header >> 6) & 63) / 31.5 - 1
  const red = ((header >> 12) & 63) / 31.5 - 1
  const lightScale = ((header >> 18) & 31) / 31
  const l = coefficients.next(light, lightScale, Math.max(3, across), Math.max(3, down))
  const p = coefficients.next(yellow, (1.25 * ((scales >> 3) & 63)) / 63, 3, 3)
  const q = coefficients.next(red, (1.25 * ((scales >> 9) & 63)) / 63, 3, 3)
  const a = hasAlpha ? coefficients.next((hash[5]! & 15) / 15, (hash[5]! >> 4) / 15, 5, 5) : undefined

  const ratio = across / down
  const width = Math.round(ratio > 1 ? side : side * ratio)
  const height = Math.round(ratio > 1 ? side / ratio : side)
  const lightness = decode(l, width, height)
  const yellowness = decode(p, width, height)
  const redness = decode(q, width, height)
  const alpha = a && decode(a, width, height)
  const rgba = new Uint8ClampedArray(4 * width * height)
  for (let at = 0; at < width * height; at++) {
    const blue = lightness[at]! - (2 / 3) * yellowness[at]!
    const redder = (3 * lightness[at]! - blue + redness[at]!) / 2
    rgba[4 * at] = Math.floor(255 * redder)
    rgba[4 * at + 1] = Math.floor(255 * (redder - redness[at]!))
    rgba[4 * at + 2] = Math.floor(255 * blue)
    rgba[4 * at + 3] = alpha ? Math.floor(255 * alpha[at]!) : 255
  }
  return rgba
}

/** The half bytes of a hash from an offset on, one channel after the other; those that are missing count as 0 bits. */
class Coefficients {
  readonly #hash: Uint8Array
  readonly #from: number
  #read = 0

  constructor(hash: Uint8Array, from: number) {
    this.#hash = hash
    this.#from = from
  }

  next(mean: number, scale: number, across: number, down: number): Channel {
    const values = new Float64Array(across * down)
    values[0] = mean
    for (let y = 0; y < down; y++)
      for (let x = y === 0 ? 1 : 0; x * down < across * (down - y); x++) {
        const byte = this.#hash[this.#from + (this.#read >> 1)] ?? 0
        const bits = (byte >> ((this.#read++ & 1) << 2)) & 15
        // All but the mean count twice.
        values[y * across + x] = (bits / 7.5 - 1) * scale * 2
      }
    return { across, down, values }
  }
}

function decode({ across, down, values }: Channel, width: number, height: number): Float64Array {
  const horizontal = cosinesOf(width)
  const vertical = cosinesOf(height)
  const pixels = new Float64Array(width * height)
  const row = new Float64Array(across)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < across; x++) {
      let sum = 0
      for (let v = 0; v < down; v++) sum += values[v * across + x]! * vertical[y * MAX_FREQUENCIES + v]!
      row[x] = sum
    }
    for (let at = 0; at < width; at++) {
      let sum = 0
      for (let x = 0; x < across; x++) sum += row[x]! * horizontal[at * MAX_FREQUENCIES + x]!
      pixels[y * width + at] = sum
    }
  }
  return pixels
}

function cosinesOf(size: number): Float64Array {
  let table = cosines.get(size)
  if (!table) {
    table = new Float64Array(size * MAX_FREQUENCIES)
    for (let at = 0; at < size; at++)
      for (let frequency = 0; frequency < MAX_FREQUENCIES; frequency++)
        table[at * MAX_FREQUENCIES + frequency] = Math.cos((Math.PI / size) * (at + 0.5) * frequency)
    cosines.set(size, table)
  }
  return table
}
