/**
 * ICC profiles (ICC.1:2022) for images that tell their colours in another way, so that the same converter handles all of them.
 */

type Pair = readonly [x: number, y: number]
type Triple = [number, number, number]
type Matrix = [Triple, Triple, Triple]

/** CIE 1931 chromaticities. */
export interface Chromaticities {
  white: Pair
  red: Pair
  green: Pair
  blue: Pair
}

/** How stored values become light: an exponent, or a curve by name. */
export type Transfer = number | 'srgb' | 'pq' | 'hlg'

export interface ColourSpace {
  chromaticities: Chromaticities
  transfer: Transfer
}

/** The white of profiles. */
const D50: Triple = [0.9642, 1, 0.8249]
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]
const CURVE_POINTS = 4_096
const HEADER_BYTES = 128

/** The brightness of a sheet of white paper (ITU-R BT.2408), and the brightest that is told apart. */
const WHITE_NITS = 203
const PEAK_NITS = 1_000
/** Light up to this share of paper white keeps its brightness; what is brighter is compressed into the rest. */
const KNEE = 0.5

/**
 * A profile of three primaries and a curve. Curves of high dynamic range (PQ, HLG) end in a tone map, since sRGB has nothing
 * brighter than paper white.
 *
 * @throws RangeError if the chromaticities enclose no colours
 */
export function iccProfile({ chromaticities, transfer }: ColourSpace): Buffer {
  const [red, green, blue] = columns(colorants(chromaticities))
  const curve = curveTag(transfer)
  return profileOf([
    ['desc', textTag('Darkroom')],
    ['cprt', textTag('CC0')],
    ['wtpt', xyzTag(D50)],
    ['rXYZ', xyzTag(red)],
    ['gXYZ', xyzTag(green)],
    ['bXYZ', xyzTag(blue)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ])
}

/** Columns are the XYZ of the primaries, their white adapted to D50. */
function colorants({ white, red, green, blue }: Chromaticities): Matrix {
  const whitePoint = xyzOf(white)
  const primaries = columns([xyzOf(red), xyzOf(green), xyzOf(blue)])
  const share = apply(inverse(primaries), whitePoint)
  const unadapted = primaries.map((row) => row.map((value, i) => value * share[i]!)) as Matrix
  const from = apply(BRADFORD, whitePoint)
  const to = apply(BRADFORD, D50)
  const scaled = BRADFORD.map((row, i) => row.map((value) => (value * to[i]!) / from[i]!)) as Matrix
  return multiply(inverse(BRADFORD), multiply(scaled, unadapted))
}

function xyzOf([x, y]: Pair): Triple {
  if (!(y > 0)) throw new RangeError('A chromaticity without brightness')
  return [x / y, 1, (1 - x - y) / y]
}

/** A matrix's columns, or the matrix of these columns. */
function columns(m: Matrix): Matrix {
  return [0, 1, 2].map((i) => m.map((row) => row[i]!)) as Matrix
}

function apply(m: Matrix, v: Triple): Triple {
  return m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Triple
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return columns(columns(b).map((column) => apply(a, column)) as Matrix)
}

function inverse([a, b, c]: Matrix): Matrix {
  const cofactors: Matrix = [cross(b, c), cross(c, a), cross(a, b)]
  const determinant = a[0] * cofactors[0][0] + a[1] * cofactors[0][1] + a[2] * cofactors[0][2]
  if (!(Math.abs(determinant) > 1e-6)) throw new RangeError('Chromaticities on one line')
  return columns(cofactors.map((row) => row.map((value) => value / determinant)) as Matrix)
}

function cross([a, b, c]: Triple, [d, e, f]: Triple): Triple {
  return [b * f - c * e, c * d - a * f, a * e - b * d]
}

/** Light by the stored value, both from 0 to 1. */
function lightOf(transfer: Exclude<Transfer, number | 'srgb'>, value: number): number {
  return toneMapped((transfer === 'pq' ? pqNits(value) : hlgNits(value)) / WHITE_NITS)
}

/** SMPTE ST 2084. */
function pqNits(value: number): number {
  const root = value ** (32 / 2_523)
  return 10_000 * (Math.max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root)) ** (16_384 / 2_610)
}

/** ITU-R BT.2100 on a display of 1,000 nits. */
function hlgNits(value: number): number {
  const scene =
    value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
  return PEAK_NITS * scene ** 1.2
}

function toneMapped(light: number): number {
  if (light <= KNEE) return light
  const peak = (PEAK_NITS / WHITE_NITS - KNEE) / (1 - KNEE)
  const above = Math.min(peak, (light - KNEE) / (1 - KNEE))
  return KNEE + (1 - KNEE) * ((above * (1 + above / peak ** 2)) / (1 + above))
}

function curveTag(transfer: Transfer): Buffer {
  if (transfer === 'srgb') return parametricTag(3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])
  if (typeof transfer === 'number') return parametricTag(0, [transfer])
  const tag = Buffer.alloc(12 + 2 * CURVE_POINTS)
  tag.write('curv', 'latin1')
  tag.writeUInt32BE(CURVE_POINTS, 8)
  for (let i = 0; i < CURVE_POINTS; i++) {
    tag.writeUInt16BE(Math.round(65_535 * lightOf(transfer, i / (CURVE_POINTS - 1))), 12 + 2 * i)
  }
  return tag
}

function parametricTag(kind: number, parameters: number[]): Buffer {
  const tag = Buffer.alloc(12 + 4 * parameters.length)
  tag.write('para', 'latin1')
  tag.writeUInt16BE(kind, 8)
  for (const [i, value] of parameters.entries()) tag.writeInt32BE(Math.round(value * 65_536), 12 + 4 * i)
  return tag
}

function xyzTag(xyz: Triple): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 'latin1')
  for (const [i, value] of xyz.entries()) tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * i)
  return tag
}

function textTag(text: string): Buffer {
  const tag = Buffer.alloc(28 + 2 * text.length)
  tag.write('mluc', 'latin1')
  tag.writeUInt32BE(1, 8)
  tag.writeUInt32BE(12, 12)
  tag.write('enUS', 16, 'latin1')
  tag.writeUInt32BE(2 * text.length, 20)
  tag.writeUInt32BE(28, 24)
  for (const [i, letter] of [...text].entries()) tag.writeUInt16BE(letter.charCodeAt(0), 28 + 2 * i)
  return tag
}

function profileOf(tags: (readonly [name: string, content: Buffer])[]): Buffer {
  const table = Buffer.alloc(4 + 12 * tags.length)
  table.writeUInt32BE(tags.length)
  const contents: Buffer[] = []
  const placed = new Map<Buffer, number>()
  let end = HEADER_BYTES + table.length
  for (const [i, [name, content]] of tags.entries()) {
    if (!placed.has(content)) {
      placed.set(content, end)
      contents.push(content, Buffer.alloc(-content.length & 3))
      end += content.length + (-content.length & 3)
    }
    table.write(name, 4 + 12 * i, 'latin1')
    table.writeUInt32BE(placed.get(content)!, 8 + 12 * i)
    table.writeUInt32BE(content.length, 12 + 12 * i)
  }
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(end)
  header.writeUInt32BE(0x04_40_00_00, 8)
  header.write('mntrRGB XYZ ', 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  xyzTag(D50).copy(header, 68, 8)
  return Buffer.concat([header, table, ...contents])
}
