/** Of the 64 bits of their hashes, so many may differ between copies of a picture; beyond it different pictures would be taken for copies. */
export const MAX_HASH_DISTANCE = 8

/** Pictures of which at most so many bits differ are similar: a little cropped or edited, or one more of the same scene. */
export const MAX_SIMILAR_DISTANCE = 10

const BANDS = 4
const BAND_BITS = 16

/**
 * Of each quarter of a hash, from the lowest bits up: what it is, and what it is with one bit changed. Hashes that differ in at most 7 bits
 * always share one of these with each other's quarters; with 8 bits 95 of 100 do, with 10 bits 74.
 */
export function bandKeys(hash: bigint): number[][] {
  return Array.from({ length: BANDS }, (_, band) => {
    const bits = Number(BigInt.asUintN(BAND_BITS, hash >> BigInt(band * BAND_BITS)))
    return [bits, ...Array.from({ length: BAND_BITS }, (_each, bit) => bits ^ (1 << bit))]
  })
}
