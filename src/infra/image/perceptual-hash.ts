import { sharp } from './sharp.ts'
import type { Pixels } from './original.ts'

/** The picture is looked at in this many rows and columns. */
const SIDE = 32
/** Of its frequencies in each direction, so many count, from the lowest up. */
const FREQUENCIES = 8
/** A picture whose lightness differs by less (standard deviation, of 255 steps) has nothing to be recognised by. */
const MIN_CONTRAST = 4
/** So many frequencies at least must be more than noise; a gradient or a single edge has fewer. */
const MIN_FEATURES = 12
/** What noise and rounding make of a frequency, in the units of the transform. */
const NOISE = 24

/** `COSINES[f][x]`: the basis of the discrete cosine transform, DCT-II. */
const COSINES = Array.from({ length: FREQUENCIES + 1 }, (_, frequency) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos((Math.PI / SIDE) * (x + 0.5) * frequency)),
)

/**
 * 64 bits that change little when a picture is resized, compressed again, brightened or cropped a little: of each low frequency of
 * its lightness, whether it is above the median. How alike two pictures are is how few bits differ.
 * @returns undefined for a picture without features, whose bits would be noise
 */
export async function perceptualHash({ data, ...raw }: Pixels): Promise<bigint | undefined> {
  const lightness = await sharp(data, { raw })
    .flatten({ background: '#ffffff' })
    .toColourspace('b-w')
    .resize({ width: SIDE, height: SIDE, fit: 'fill' })
    .raw()
    .toBuffer()
  if (deviation(lightness) < MIN_CONTRAST) return undefined
  const coefficients = lowFrequencies(lightness)
  if (coefficients.filter((value) => Math.abs(value) > NOISE).length < MIN_FEATURES) return undefined
  const median = medianOf(coefficients)
  return coefficients.reduce((bits, value) => (bits << 1n) | (value > median ? 1n : 0n), 0n)
}

/** How many bits differ, 0 to 64. */
export function hashDistance(one: bigint, other: bigint): number {
  let distance = 0
  for (let bits = BigInt.asUintN(64, one ^ other); bits !== 0n; bits &= bits - 1n) distance += 1
  return distance
}

/** Without those that are constant in one direction, which a border or a change of light moves most. */
function lowFrequencies(lightness: Buffer): number[] {
  const rows = Array.from({ length: SIDE }, (_, y) => transform(lightness.subarray(y * SIDE, (y + 1) * SIDE)))
  const columns = Array.from({ length: FREQUENCIES }, (_, i) => transform(rows.map((row) => row[i + 1]!)))
  return columns.flatMap((column) => column.slice(1))
}

function transform(values: ArrayLike<number>): number[] {
  return COSINES.map((cosines) => cosines.reduce((sum, cosine, x) => sum + cosine * values[x]!, 0))
}

function deviation(values: Buffer): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[31]! + sorted[32]!) / 2
}
