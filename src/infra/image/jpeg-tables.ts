/** The Huffman tables of a JPEG, as jpeg-scan.ts reads its data by. */

const BAD_CODE_BITS = 17

/** By the next 16 bits: a code's length in the low five bits, its symbol above. */
export type Codes = Uint16Array

const CODES = 65_536
/** Every code is a bad one. */
export const noCodes: Codes = new Uint16Array(CODES).fill(BAD_CODE_BITS)

export interface Tables {
  dc: Codes[]
  ac: Codes[]
  /** Of tables that a sequential scan uses. */
  strides: Map<Codes, Strides>
}

export function readTables(segment: Buffer, tables: Tables): void {
  let at = 0
  while (at + 17 <= segment.length) {
    const [kind, slot] = [segment[at]! >> 4, segment[at]! & 15]
    const table = noCodes.slice()
    let code = 0
    let symbolAt = at + 17
    for (let length = 1; length <= 16; length++) {
      const count = segment[at + length]!
      for (let i = 0; i < count; i++) {
        const first = code << (16 - length)
        table.fill(length | ((segment[symbolAt++] ?? 0) << 5), first, first + (1 << (16 - length)))
        code += 1
      }
      code <<= 1
    }
    ;(kind === 0 ? tables.dc : tables.ac)[slot] = table
    at = symbolAt
  }
}
/**
 * Several codes at once, by the next 12 bits, so that the hot loop takes fewer steps and its table fits the processor's nearest
 * cache: how many bits they and the values behind them take (low five bits), by how many coefficients they advance (seven bits),
 * and whether they end the block. 0 if not even one fits.
 */
export type Strides = Uint16Array

export const STRIDE_BITS = 12
export const END_OF_BLOCK = 1 << 12

export const noStrides: Strides = new Uint16Array(1 << STRIDE_BITS)

export function stridesOf(ac: Codes): Strides {
  const strides = new Uint16Array(1 << STRIDE_BITS)
  for (let bits = 0; bits < strides.length; bits++) {
    let [taken, advance, ends] = [0, 0, false]
    while (!ends) {
      const entry = ac[(bits << (16 - STRIDE_BITS + taken)) & 0xffff]!
      const size = (entry >> 5) & 15
      const zeros = entry >> 9
      if (taken + (entry & 31) + size > STRIDE_BITS || advance + zeros + 1 > 63) break
      taken += (entry & 31) + size
      ends = size === 0 && zeros !== 15
      if (!ends) advance += zeros + 1
    }
    strides[bits] = taken | (advance << 5) | (ends ? END_OF_BLOCK : 0)
  }
  return strides
}
