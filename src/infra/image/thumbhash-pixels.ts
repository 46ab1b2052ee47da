/** Coefficients of a channel, by horizontal and vertical frequency; its mean first. */
interface Channel {
  across: number
  down: number
  values: Float64Array
}

/** As many as the format ever has in one direction. */
const MAX_FREQUENCIES = 7
const SIDE = 32

/** cos(π / size · (at + ½) · frequency), by `at` and frequency. */
const cosines = new Map<number, Float64Array>()

/**
 * The picture that a thumbhash describes, 32 pixels at its longer side, as RGBA. The same as thumbHashToRGBA of `thumbhash` but for rounding,
 * in a quarter of its time, which counts where the documents of millions of photos are made: cosines are computed once for each size, and rows
 * before their pixels.
 */
export function thumbhashPixels(hash: Uint8Array): Uint8ClampedArray {
  const header = hash[0]! | (hash[1]! << 8) | (hash[2]! << 16)
  const hasAlpha = header >> 23 !== 0
  const isLandscape = hash[4]! >> 7 !== 0
  const shorter = hash[3]! & 7
  const longer = hasAlpha ? 5 : 7
  const across = isLandscape ? longer : shorter
  const down = isLandscape ? shorter : longer
  const scales = hash[3]! | (hash[4]! << 8)
  const nibbles = nibblesOf(hash, hasAlpha ? 6 : 5)
  const light = (header & 63) / 63
  const yellow = ((header >> 6) & 63) / 31.5 - 1
  const red = ((header >> 12) & 63) / 31.5 - 1
  const l = channel(light, Math.max(3, across), Math.max(3, down), ((header >> 18) & 31) / 31, nibbles)
  const p = channel(yellow, 3, 3, (1.25 * ((scales >> 3) & 63)) / 63, nibbles)
  const q = channel(red, 3, 3, (1.25 * ((scales >> 9) & 63)) / 63, nibbles)
  const a = hasAlpha ? channel((hash[5]! & 15) / 15, 5, 5, (hash[5]! >> 4) / 15, nibbles) : undefined

  const ratio = across / down
  const width = Math.round(ratio > 1 ? SIDE : SIDE * ratio)
  const height = Math.round(ratio > 1 ? SIDE / ratio : SIDE)
  const [lightness, yellowness, redness] = [l, p, q].map((each) => decode(each, width, height)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
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

/** Half bytes from an offset on, −1 to 1; those that are missing count as 0 bits. */
function* nibblesOf(hash: Uint8Array, from: number): Generator<number, never> {
  for (let at = 0; ; at++) yield (((hash[from + (at >> 1)] ?? 0) >> ((at & 1) << 2)) & 15) / 7.5 - 1
}

function channel(
  mean: number,
  across: number,
  down: number,
  scale: number,
  nibbles: Generator<number, never>,
): Channel {
  const values = new Float64Array(across * down)
  values[0] = mean
  for (let y = 0; y < down; y++)
    for (let x = y === 0 ? 1 : 0; x * down < across * (down - y); x++)
      // All but the mean count twice.
      values[y * across + x] = nibbles.next().value * scale * 2
  return { across, down, values }
}

function decode({ across, down, values }: Channel, width: number, height: number): Float64Array {
  const [horizontal, vertical] = [cosinesOf(width), cosinesOf(height)]
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
