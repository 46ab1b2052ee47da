import { describe, expect, it } from 'vitest'
import { cosine, toBytes } from './embeddings.ts'

const vectorOf = (seed: number, length = 512) =>
  Float32Array.from({ length }, (_, at) => Math.sin(seed * 977 + at * (1 + (seed % 7))))

function exactCosine(one: Float32Array, other: Float32Array): number {
  const dot = (left: Float32Array, right: Float32Array) =>
    left.reduce((sum, value, at) => sum + value * right[at]!, 0)
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other))
}

describe('cosine', () => {
  it('of stored vectors is within a hundredth of the exact one', () => {
    for (let seed = 1; seed < 40; seed++) {
      const [one, other] = [vectorOf(seed), vectorOf(seed + 1)]
      expect(cosine(one, toBytes(other))).toBeCloseTo(exactCosine(one, other), 2)
    }
  })

  it('is 1 in the same direction at any length, and -1 in the opposite one', () => {
    const vector = vectorOf(3)
    expect(
      cosine(
        vector.map((value) => value * 1_000),
        toBytes(vector),
      ),
    ).toBeCloseTo(1, 3)
    expect(
      cosine(
        vector.map((value) => -value),
        toBytes(vector),
      ),
    ).toBeCloseTo(-1, 3)
  })

  it('says nothing of vectors of different lengths', () => {
    expect(cosine(vectorOf(1, 8), toBytes(vectorOf(1, 9)))).toBeNull()
  })
})
