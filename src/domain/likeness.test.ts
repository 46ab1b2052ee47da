import { randomBytes, randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bandKeys } from './likeness.ts'

const randomHash = () => BigInt.asIntN(64, randomBytes(8).readBigUInt64LE())

/** With so many bits changed. */
function flipped(hash: bigint, count: number): bigint {
  const bits = new Set<number>()
  while (bits.size < count) bits.add(randomInt(64))
  return [...bits].reduce((changed, bit) => changed ^ (1n << BigInt(bit)), hash)
}

/** As the indexes have them. */
const bandsOf = (hash: bigint) => [0n, 16n, 32n, 48n].map((low) => Number((hash >> low) & 65_535n))

const isFound = (hash: bigint, other: bigint) =>
  bandsOf(other).some((band, at) => bandKeys(hash)[at]!.includes(band))

describe('bandKeys', () => {
  it('are the parts of a hash and each part with one bit changed', () => {
    const [lowest, ...others] = bandKeys(-65_536n)
    expect(lowest).toEqual([0, ...Array.from({ length: 16 }, (_, bit) => 2 ** bit)])
    for (const keys of others) {
      expect(new Set(keys).size).toBe(17)
      expect(keys).toEqual(expect.arrayContaining([0xffff, 0xfffe, 0x7fff]))
    }
  })

  it('find every hash that differs in seven bits', () => {
    for (let round = 0; round < 500; round++) {
      const hash = randomHash()
      expect(isFound(hash, flipped(hash, randomInt(8)))).toBe(true)
    }
  })

  it('find no hash that differs in two bits of each part', () => {
    const hash = randomHash()
    expect(isFound(hash, hash ^ 0x0003_0300_8001_c000n)).toBe(false)
  })
})
