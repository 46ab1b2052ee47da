/** As many as the format ever has in one direction. */
const MAX_FREQUENCIES = 7
/** As many as anybody asks for in one direction. */
const MAX_SIDE = 32

/** What one channel is decoded in. Nothing here waits, so that all hashes share them: allocating took half of the time. */
interface Channel {
  /** By vertical and horizontal frequency; the mean first. */
  coefficients: Float64Array
  pixels: Float64Array
}

const channel = (): Channel => ({
  coefficients: new Float64Array(MAX_FREQUENCIES * MAX_FREQUENCIES),
  pixels: new Float64Array(MAX_SIDE * MAX_SIDE),
})
const [lightness, yellowness, redness, opacity] = [channel(), channel(), channel(), channel()]
const row = new Float64Array(MAX_FREQUENCIES)

/** cos(π / size · (at + ½) · frequency), by `at` and frequency. */
const cosines = new Map<number, Float64Array>()

/**
 * The picture that a thumbhash describes, `side` pixels at its longer side, as RGBA. With 32, the most, it is the same as thumbHashToRGBA of `thumbhash`
 * but for rounding, in a fraction of its time, which counts where the documents of millions of photos are made: cosines are computed once for each size,
 * and rows before their pixels.
 */
export function thumbhashPixels(hash: Uint8Array, side: number): Uint8Array {
  const header = hash[0]! | (hash[1]! << 8) | (hash[2]! << 16)
  const hasAlpha = header >> 23 !== 0
  const isLandscape = hash[4]! >> 7 !== 0
  const shorter = hash[3]! & 7
  const longer = hasAlpha ? 5 : 7
  const across = isLandscape ? longer : shorter
  const down = isLandscape ? shorter : longer
  const scales = hash[3]! | (hash[4]! << 8)
  const light = (header & 63) / 63
  const yellow = ((header >> 6) & 63) / 31.5 - 1
  const red = ((header >> 12) & 63) / 31.5 - 1
  const lightScale = ((header >> 18) & 31) / 31

  const ratio = across / down
  const width = Math.round(ratio > 1 ? side : side * ratio)
  const height = Math.round(ratio > 1 ? side / ratio : side)
  const size = { width, height }
  let at = 2 * (hasAlpha ? 6 : 5)
  at = decode(lightness, hash, at, light, lightScale, Math.max(3, across), Math.max(3, down), size)
  at = decode(yellowness, hash, at, yellow, (1.25 * ((scales >> 3) & 63)) / 63, 3, 3, size)
  at = decode(redness, hash, at, red, (1.25 * ((scales >> 9) & 63)) / 63, 3, 3, size)
  if (hasAlpha) decode(opacity, hash, at, (hash[5]! & 15) / 15, (hash[5]! >> 4) / 15, 5, 5, size)

  const [l, p, q, a] = [lightness.pixels, yellowness.pixels, redness.pixels, opacity.pixels]
  const rgba = new Uint8Array(4 * width * height)
  for (let pixel = 0; pixel < width * height; pixel++) {
    const blue = l[pixel]! - (2 / 3) * p[pixel]!
    const redder = (3 * l[pixel]! - blue + q[pixel]!) / 2
    rgba[4 * pixel] = byteOf(redder)
    rgba[4 * pixel + 1] = byteOf(redder - q[pixel]!)
    rgba[4 * pixel + 2] = byteOf(blue)
    rgba[4 * pixel + 3] = hasAlpha ? byteOf(a[pixel]!) : 255
  }
  return rgba
}

/** Of 0 to 1, which a hash may go beyond. */
function byteOf(part: number): number {
  const byte = (255 * part) | 0
  return byte < 0 ? 0 : byte > 255 ? 255 : byte
}

/**
 * Decodes a channel into its pixels.
 * @param from the half byte that its coefficients begin at; those that are missing count as 0 bits
 * @returns the half byte behind them
 */
function decode(
  { coefficients, pixels }: Channel,
  hash: Uint8Array,
  from: number,
  mean: number,
  scale: number,
  across: number,
  down: number,
  { width, height }: { width: number; height: number },
): number {
  let at = from
  coefficients.fill(0)
  coefficients[0] = mean
  for (let y = 0; y < down; y++)
    for (let x = y === 0 ? 1 : 0; x * down < across * (down - y); x++) {
      const bits = ((hash[at >> 1] ?? 0) >> ((at & 1) << 2)) & 15
      at++
      // All but the mean count twice.
      coefficients[y * MAX_FREQUENCIES + x] = (bits / 7.5 - 1) * scale * 2
    }
  row.fill(0)
  const horizontal = cosinesOf(width)
  const vertical = cosinesOf(height)
  for (let y = 0, pixel = 0, wave = 0; y < height; y++, pixel += width, wave += MAX_FREQUENCIES) {
    for (let x = 0; x < across; x++) {
      let sum = 0
      for (let v = 0; x * down < across * (down - v); v++)
        sum += coefficients[v * MAX_FREQUENCIES + x]! * vertical[wave + v]!
      row[x] = sum
    }
    mirrored(pixels, pixel, width, horizontal)
  }
  return at
}

/** Writes a row of pixels by its waves: even ones are the same from the other side, and odd ones the opposite. */
function mirrored(pixels: Float64Array, from: number, width: number, horizontal: Float64Array): void {
  const r0 = row[0]!
  const r1 = row[1]!
  const r2 = row[2]!
  const r3 = row[3]!
  const r4 = row[4]!
  const r5 = row[5]!
  const r6 = row[6]!
  for (let x = 0, wave = 0; 2 * x < width; x++, wave += MAX_FREQUENCIES) {
    const even = r0 + r2 * horizontal[wave + 2]! + r4 * horizontal[wave + 4]! + r6 * horizontal[wave + 6]!
    const odd = r1 * horizontal[wave + 1]! + r3 * horizontal[wave + 3]! + r5 * horizontal[wave + 5]!
    pixels[from + x] = even + odd
    pixels[from + width - 1 - x] = even - odd
  }
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
