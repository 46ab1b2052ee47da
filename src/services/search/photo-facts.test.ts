import { describe, expect, it } from 'vitest'
import { MAX_POPULARITY, popularityOf } from './photo-facts.ts'

describe('popularityOf', () => {
  it.each([
    [0, 0],
    [1, 1],
    [3, 1],
    [4, 2],
    [15, 2],
    [16, 3],
    [1_024, MAX_POPULARITY],
    [5_000_000, MAX_POPULARITY],
  ])('counts %i likes as %i', (likes, popularity) => {
    expect(popularityOf(likes)).toBe(popularity)
  })
})
